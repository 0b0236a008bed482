#include "engine/tokenizer/tokenizer.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/tokenizer/bpe_tokenizer.h"
#include "engine/tokenizer/chat_format.h"
#include "engine/tokenizer/pretokenizer.h"
#include "engine/tokenizer/vocabulary.h"

namespace bitnet {

absl::StatusOr<std::unique_ptr<Tokenizer>> Tokenizer::FromGguf(const ModelFile& file) {
  ASSIGN_OR_RETURN(const std::string model, file.GetString("tokenizer.ggml.model"));
  if (model != "gpt2") {
    return absl::UnimplementedError(absl::StrFormat(
        "%s: key 'tokenizer.ggml.model' is '%s'; only 'gpt2' (byte-level BPE) is known", file.path(), model));
  }
  std::string pre;
  if (file.Has("tokenizer.ggml.pre")) {
    ASSIGN_OR_RETURN(pre, file.GetString("tokenizer.ggml.pre"));
  }
  absl::StatusOr<Pretokenizer> pretokenizer = Pretokenizer::Create(pre);
  if (!pretokenizer.ok()) {
    return absl::Status(pretokenizer.status().code(),
                        absl::StrCat(file.path(), ": ", pretokenizer.status().message()));
  }
  ASSIGN_OR_RETURN(Vocabulary vocabulary, ReadVocabulary(file));
  return std::make_unique<BpeTokenizer>(std::move(vocabulary), *std::move(pretokenizer));
}

std::vector<int32_t> Tokenizer::EncodePrompt(std::string_view text) const {
  std::vector<int32_t> ids = Encode(text, SpecialTokens::kPlain);
  if (adds_bos()) {
    ids.insert(ids.begin(), *bos_id());
  }
  return ids;
}

bool Tokenizer::has_chat_format() const { return FindEndOfTurn(*this).has_value(); }

absl::StatusOr<std::vector<int32_t>> Tokenizer::EncodeChat(std::span<const ChatMessage> messages) const {
  if (messages.empty()) {
    return absl::InvalidArgumentError("a chat needs at least one message");
  }
  const std::optional<int32_t> end_of_turn = FindEndOfTurn(*this);
  if (!end_of_turn.has_value()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("the model has no known chat format: its vocabulary has no %s", kEndOfTurn));
  }
  return EncodeChatFormat(*this, *end_of_turn, messages);
}

}  // namespace bitnet
