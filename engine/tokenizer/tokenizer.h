// Text to token ids and back: byte-level BPE, as a model file describes it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/model/model_file.h"

namespace bitnet {

enum class SpecialTokens {
  kParse,  // Markers such as <|eot_id|> in the text become their tokens: for templates we wrote.
  kPlain,  // They are ordinary text: for what a user typed.
};

enum class ChatRole { kSystem, kUser, kAssistant };
struct ChatMessage {
  ChatRole role;
  std::string content;
};

// Immutable after creation; safe to share between threads.
class Tokenizer {
 public:
  // From the tokenizer.ggml.* keys. The pre-tokenizer is llama-3's when tokenizer.ggml.pre is missing.
  // DATA_LOSS names the key that is wrong; UNIMPLEMENTED names a tokenizer kind we do not know.
  static absl::StatusOr<std::unique_ptr<Tokenizer>> FromGguf(const ModelFile& file);
  virtual ~Tokenizer() = default;

  // Appends no beginning-of-sequence token. Any bytes are accepted: invalid UTF-8 is encoded byte by byte.
  virtual std::vector<int32_t> Encode(std::string_view text, SpecialTokens special) const = 0;
  // As Encode(kPlain), with the beginning-of-sequence token in front where the model wants one.
  std::vector<int32_t> EncodePrompt(std::string_view text) const;
  // The model's chat format, ready for the assistant's next words. Roles and contents cannot inject markers.
  // INVALID_ARGUMENT if `messages` is empty; FAILED_PRECONDITION without a chat format.
  absl::StatusOr<std::vector<int32_t>> EncodeChat(std::span<const ChatMessage> messages) const;
  // Whether the model is known to have been trained on conversations: its vocabulary has <|eot_id|>.
  bool has_chat_format() const;

  // The bytes of one token: part of a character, perhaps; empty for control tokens. `id` is in range.
  virtual std::string_view TokenBytes(int32_t id) const = 0;
  // As TokenBytes, but control tokens have their marker's text: for people who look at prompts.
  virtual std::string_view TokenText(int32_t id) const = 0;

  virtual size_t vocab_size() const = 0;
  virtual std::optional<int32_t> bos_id() const = 0;
  virtual bool adds_bos() const = 0;
  // Tokens that end an answer: the file's end-of-sequence token, and <|eot_id|> where there is one.
  virtual std::span<const int32_t> end_ids() const = 0;
};

}  // namespace bitnet
