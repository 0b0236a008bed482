// Text to token ids and back, as a model file describes it.
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
  // Those are ordinary text: for what a user typed. User-defined tokens, which are text to the model as well
  // (<think>, runs of spaces), are found all the same.
  kPlain,
};

// Bytes `begin` to `end` of a text.
struct TextRange {
  size_t begin;
  size_t end;
};

// Immutable after creation; safe to share between threads.
class Tokenizer {
 public:
  // From the tokenizer.ggml.* keys: byte-level BPE ("gpt2") or SentencePiece of type BPE ("llama"). The
  // pre-tokenizer is llama-3's when tokenizer.ggml.pre is missing. The file is not needed afterwards.
  // DATA_LOSS names the key that is wrong; UNIMPLEMENTED names a tokenizer kind we do not know.
  static absl::StatusOr<std::unique_ptr<Tokenizer>> FromGguf(const ModelFile& file);
  virtual ~Tokenizer() = default;

  // Adds no beginning-of-sequence token. Any bytes are accepted: invalid UTF-8 is encoded byte by byte.
  std::vector<int32_t> Encode(std::string_view text, SpecialTokens special) const;
  // As Encode(kParse), but no marker has a byte in one of `plain`, which are in order and apart: for
  // templates with what users typed in them. What lies between two markers is encoded as one text.
  virtual std::vector<int32_t> EncodeAround(std::string_view text,
                                            std::span<const TextRange> plain) const = 0;
  // As Encode(kPlain), with the beginning-of-sequence token in front where the model wants one.
  std::vector<int32_t> EncodePrompt(std::string_view text) const;

  // The text that Encode(text, kPlain) made these ids from: the tokens' bytes, without the space that Encode
  // put in front.
  std::string Decode(std::span<const int32_t> ids) const;

  // The bytes of one token: part of a character, perhaps; empty for control tokens. `id` is in range. Those
  // of an answer's tokens, one after the other, are the answer.
  virtual std::string_view TokenBytes(int32_t id) const = 0;
  // As TokenBytes, but control tokens have their marker's text: for people who look at prompts.
  virtual std::string_view TokenText(int32_t id) const = 0;

  virtual size_t vocab_size() const = 0;
  virtual std::optional<int32_t> bos_id() const = 0;
  virtual std::optional<int32_t> eos_id() const = 0;
  virtual bool adds_bos() const = 0;
  // Whether text is encoded as if there were a space in front of it.
  virtual bool adds_space() const = 0;
  // Tokens that end an answer: the file's end-of-sequence token, the file's others, and those whose text is
  // known to mean it, such as <|eot_id|>.
  virtual std::span<const int32_t> end_ids() const = 0;
};

}  // namespace bitnet
