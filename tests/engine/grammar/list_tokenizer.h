// A vocabulary of any byte strings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/tokenizer/tokenizer.h"

namespace bitnet {

class ListTokenizer : public Tokenizer {
 public:
  // Tokens that are empty have no bytes, as control tokens.
  explicit ListTokenizer(std::vector<std::string> tokens) : tokens_(std::move(tokens)) {}

  std::vector<int32_t> EncodeAround(std::string_view, std::span<const TextRange>) const override {
    return {};
  }
  std::string_view TokenBytes(int32_t id) const override { return tokens_[id]; }
  std::string_view TokenText(int32_t id) const override { return tokens_[id]; }
  size_t vocab_size() const override { return tokens_.size(); }
  std::optional<int32_t> bos_id() const override { return std::nullopt; }
  std::optional<int32_t> eos_id() const override { return std::nullopt; }
  bool adds_bos() const override { return false; }
  bool adds_space() const override { return false; }
  std::span<const int32_t> end_ids() const override { return {}; }

 private:
  std::vector<std::string> tokens_;
};

// All bytes, then pieces of JSON and of characters, then token 0 twice (two tokens with the same bytes), and
// two control tokens; as many as asked for, repeating longer pieces.
inline std::vector<std::string> JsonTokens(size_t size) {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) {
    tokens.emplace_back(1, static_cast<char>(byte));
  }
  for (const char* piece :
       {"\"",    "\":",  "\": ",  "{\"",   "{}",     "[]",       "[[",       "]]",      "}}",    "\"}", "\"]",
        ", \"",  ",",    "true",  "false", "null",   "tr",       "ue",       "12",      "0.",    "-1",  "e+",
        "\\u00", "\\n",  "\xC3",  "\xA9",  "\u00e9", "\xF0\x9F", "\x98\x80", " \"",     "\n  ",  "  ",  "ab",
        "abc",   "name", "value", "a\"",   "\",\"",  "],[",      "1,2",      "x\",\"y", "\xA9\""}) {
    tokens.emplace_back(piece);
  }
  tokens.emplace_back("");
  tokens.emplace_back("");
  for (size_t i = 0; tokens.size() < size; ++i) {
    tokens.push_back(tokens[i % 256] + tokens[(7 * i + 31) % 290] + tokens[i % 97]);
  }
  return tokens;
}

}  // namespace bitnet
