#include "engine/tokenizer/vocabulary.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/tokenizer/byte_unicode.h"

namespace bitnet {
namespace {

constexpr std::string_view kTokensKey = "tokenizer.ggml.tokens";
constexpr std::string_view kScoresKey = "tokenizer.ggml.scores";
constexpr std::string_view kTypesKey = "tokenizer.ggml.token_type";
constexpr std::string_view kMergesKey = "tokenizer.ggml.merges";
constexpr std::string_view kAddBosKey = "tokenizer.ggml.add_bos_token";

// Ids of tokens by their text as the file writes it.
using IdByText = absl::flat_hash_map<std::string, int32_t>;

absl::Status Wrong(const ModelFile& file, std::string_view key, const std::string& problem) {
  return absl::DataLossError(absl::StrFormat("%s: key '%s' %s", file.path(), key, problem));
}

absl::Status CheckLength(const ModelFile& file, std::string_view key, size_t found, size_t wanted) {
  if (found != wanted) {
    return Wrong(file, key,
                 absl::StrFormat("has %d items; %d were wanted, one for each token", found, wanted));
  }
  return absl::OkStatus();
}

absl::StatusOr<TokenType> ReadType(const ModelFile& file, int64_t number, size_t id) {
  if (number < 0 || number > static_cast<int64_t>(TokenType::kByte)) {
    return Wrong(file, kTypesKey,
                 absl::StrFormat("has type %d for token %d; 0 to 6 were wanted", number, id));
  }
  return static_cast<TokenType>(number);
}

Vocabulary::Token MakeToken(const std::string& text, TokenType type) {
  // Whatever its type says, nobody wants to read it in an answer.
  if (text == kEndOfTurn) {
    type = TokenType::kControl;
  }
  if (type == TokenType::kControl || type == TokenType::kUserDefined || type == TokenType::kUnknown) {
    return {text, type};
  }
  // A text outside the byte alphabet cannot come out of merging, but the model may say it.
  return {DecodeByteUnicode(text).value_or(text), type};
}

absl::Status ReadTokens(const ModelFile& file, Vocabulary& vocabulary) {
  ASSIGN_OR_RETURN(const auto texts, file.GetStrings(kTokensKey));
  if (texts.empty() || texts.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
    return Wrong(file, kTokensKey, absl::StrFormat("has %d items", texts.size()));
  }
  if (file.Has(kScoresKey)) {
    ASSIGN_OR_RETURN(const auto scores, file.GetFloats(kScoresKey));
    RETURN_IF_ERROR(CheckLength(file, kScoresKey, scores.size(), texts.size()));
  }
  std::span<const int64_t> types;
  if (file.Has(kTypesKey)) {
    ASSIGN_OR_RETURN(types, file.GetInts(kTypesKey));
    RETURN_IF_ERROR(CheckLength(file, kTypesKey, types.size(), texts.size()));
  }
  vocabulary.tokens.reserve(texts.size());
  for (size_t id = 0; id < texts.size(); ++id) {
    TokenType type = TokenType::kNormal;
    if (!types.empty()) {
      ASSIGN_OR_RETURN(type, ReadType(file, types[id], id));
    }
    vocabulary.tokens.push_back(MakeToken(texts[id], type));
  }
  return absl::OkStatus();
}

absl::Status FindByteTokens(const ModelFile& file, const IdByText& ids, Vocabulary& vocabulary) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = EncodeByteUnicode(std::string(1, static_cast<char>(byte)));
    const auto it = ids.find(text);
    if (it == ids.end()) {
      return Wrong(file, kTokensKey,
                   absl::StrFormat("has no token for byte 0x%02x, written '%s'", byte, text));
    }
    vocabulary.byte_ids[byte] = it->second;
  }
  return absl::OkStatus();
}

// A merge is written as its two parts with a space between them; what they become is both without it.
absl::Status ReadMerges(const ModelFile& file, const IdByText& ids, Vocabulary& vocabulary) {
  ASSIGN_OR_RETURN(const auto merges, file.GetStrings(kMergesKey));
  vocabulary.merges.Reserve(merges.size());
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    const std::string& merge = merges[rank];
    const auto problem = [&](std::string_view what) {
      return Wrong(file, kMergesKey,
                   absl::StrFormat("has merge %d, '%s', %s", rank, absl::Utf8SafeCHexEscape(merge), what));
    };
    const size_t space = merge.find(' ', 1);
    if (space == std::string::npos || space + 1 == merge.size()) {
      return problem("which is not two tokens with a space between them");
    }
    const auto left = ids.find(merge.substr(0, space));
    const auto right = ids.find(merge.substr(space + 1));
    if (left == ids.end() || right == ids.end()) {
      return problem("a part of which is no token");
    }
    const auto merged = ids.find(merge.substr(0, space) + merge.substr(space + 1));
    if (merged == ids.end()) {
      return problem("whose result is no token");
    }
    vocabulary.merges.Add(left->second, right->second, {static_cast<int32_t>(rank), merged->second});
  }
  return absl::OkStatus();
}

// The token that `key` names, if the file has it.
absl::StatusOr<std::optional<int32_t>> ReadTokenId(const ModelFile& file, std::string_view key,
                                                   size_t vocab_size) {
  if (!file.Has(key)) {
    return std::nullopt;
  }
  ASSIGN_OR_RETURN(const uint64_t id, file.GetUint(key));
  if (id >= vocab_size) {
    return Wrong(file, key, absl::StrFormat("is %d; there are %d tokens", id, vocab_size));
  }
  return static_cast<int32_t>(id);
}

absl::Status ReadRoles(const ModelFile& file, const IdByText& ids, Vocabulary& vocabulary) {
  const size_t vocab_size = vocabulary.tokens.size();
  ASSIGN_OR_RETURN(vocabulary.bos_id, ReadTokenId(file, "tokenizer.ggml.bos_token_id", vocab_size));
  vocabulary.adds_bos = vocabulary.bos_id.has_value();
  if (file.Has(kAddBosKey)) {
    ASSIGN_OR_RETURN(vocabulary.adds_bos, file.GetBool(kAddBosKey));
    if (vocabulary.adds_bos && !vocabulary.bos_id.has_value()) {
      return Wrong(file, kAddBosKey, "is true, but there is no key 'tokenizer.ggml.bos_token_id'");
    }
  }
  const auto add_end = [&](std::optional<int32_t> id) {
    if (id.has_value() && std::ranges::find(vocabulary.end_ids, *id) == vocabulary.end_ids.end()) {
      vocabulary.end_ids.push_back(*id);
    }
  };
  for (const std::string_view key : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"}) {
    ASSIGN_OR_RETURN(const std::optional<int32_t> id, ReadTokenId(file, key, vocab_size));
    add_end(id);
  }
  if (const auto it = ids.find(std::string(kEndOfTurn)); it != ids.end()) {
    add_end(it->second);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Vocabulary> ReadVocabulary(const ModelFile& file) {
  Vocabulary vocabulary;
  RETURN_IF_ERROR(ReadTokens(file, vocabulary));
  ASSIGN_OR_RETURN(const auto texts, file.GetStrings(kTokensKey));
  IdByText ids;
  ids.reserve(texts.size());
  for (size_t id = 0; id < texts.size(); ++id) {
    ids.try_emplace(texts[id], static_cast<int32_t>(id));
  }
  RETURN_IF_ERROR(FindByteTokens(file, ids, vocabulary));
  RETURN_IF_ERROR(ReadMerges(file, ids, vocabulary));
  RETURN_IF_ERROR(ReadRoles(file, ids, vocabulary));
  return vocabulary;
}

}  // namespace bitnet
