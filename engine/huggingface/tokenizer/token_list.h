// Tokens on their way from a Hugging Face directory to the keys of a GGUF file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "engine/model/model_file.h"
#include "engine/tokenizer/vocabulary.h"

namespace bitnet {

struct TokenList {
  // Ids below this are the model's; a list never grows beyond it.
  size_t vocab_size;
  std::vector<std::string> texts;  // By id; unused ones are filled in by FillGaps.
  std::vector<TokenType> types;
  std::vector<double> scores;
  bool has_scores = false;  // Whether the model has any: those of SentencePiece.
  std::string name;         // Of the file or directory, for messages.

  TokenList(size_t size, std::string file) : vocab_size(size), name(std::move(file)) {}

  // Adds a token or changes it, with room for those before it. DATA_LOSS: `id` is not below vocab_size.
  absl::Status Set(uint64_t id, std::string_view text, TokenType type, double score = 0);

  // Entries of "added_tokens" in tokenizer.json or of "added_tokens_decoder" in tokenizer_config.json.
  // Special ones are control tokens, and so are those that only a template would write; others are text that
  // is one token wherever it stands. UNIMPLEMENTED: a token that takes the spaces beside it, or is only found
  // between other words; no GGUF file can say so.
  absl::Status SetAdded(uint64_t id, const nlohmann::json& token);

  // The tokens up to vocab_size that nothing names: "[PAD123]", unused.
  void FillGaps();

  // The id of the token with this text; of several the last. Nothing if there is none or the text is empty.
  std::optional<int32_t> Find(std::string_view text) const;

  // Writes tokenizer.ggml.tokens, token_type and, where it has them, scores.
  void Write(ModelKeys& keys) &&;
};

}  // namespace bitnet
