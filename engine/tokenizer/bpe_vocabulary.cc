#include "engine/tokenizer/bpe_vocabulary.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/tokenizer/byte_unicode.h"
#include "engine/tokenizer/merges.h"

namespace bitnet {
namespace {

absl::Status FindByteTokens(const ModelFile& file, const IdByText& ids, BpeVocabulary& vocabulary) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = EncodeByteUnicode(std::string(1, static_cast<char>(byte)));
    const auto it = ids.find(text);
    if (it == ids.end() && byte >= ' ' && byte <= '~') {
      return absl::DataLossError(absl::StrFormat("%s: key '%s' has no token for byte 0x%02x, written '%s'",
                                                 file.path(), kTokensKey, byte, text));
    }
    vocabulary.byte_ids[byte] = it == ids.end() ? -1 : it->second;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<BpeVocabulary> ReadBpeVocabulary(const ModelFile& file, const VocabularyDefaults& defaults) {
  BpeVocabulary result;
  ASSIGN_OR_RETURN(result.vocabulary, ReadVocabulary(file, defaults));
  ASSIGN_OR_RETURN(const IdByText ids, ReadIds(file));
  RETURN_IF_ERROR(FindByteTokens(file, ids, result));
  ASSIGN_OR_RETURN(result.merges, ReadMerges(file, ids));
  for (Vocabulary::Token& token : result.vocabulary.tokens) {
    if (token.type != TokenType::kControl && token.type != TokenType::kUserDefined &&
        token.type != TokenType::kUnknown) {
      // A text outside the byte alphabet cannot come out of merging, but the model may say it.
      token.text = DecodeByteUnicode(token.text).value_or(token.text);
    }
  }
  return result;
}

}  // namespace bitnet
