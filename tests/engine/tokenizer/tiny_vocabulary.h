// A small byte-level BPE vocabulary as a model file in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/model/model_file.h"
#include "engine/tokenizer/byte_unicode.h"
#include "engine/tokenizer/tokenizer.h"
#include "tests/engine/gguf_writer.h"

namespace bitnet {

// The keys of a vocabulary, changed by tests before they are written. Starts as the 256 bytes (ids 0 to 255,
// in order) and nothing else.
struct TinyVocabulary {
  static constexpr int32_t kNormal = 1;
  static constexpr int32_t kControl = 3;
  static constexpr int32_t kUserDefined = 4;

  std::vector<std::string> tokens;
  std::vector<int32_t> types;
  std::vector<std::string> merges;

  TinyVocabulary() {
    for (int byte = 0; byte < 256; ++byte) {
      Add(EncodeByteUnicode(std::string(1, static_cast<char>(byte))), kNormal);
    }
  }

  // Returns the new token's id.
  int32_t Add(const std::string& text, int32_t type) {
    tokens.push_back(text);
    types.push_back(type);
    return static_cast<int32_t>(tokens.size()) - 1;
  }
  // Adds the merge of two tokens, given as bytes, and the token it makes.
  int32_t AddMerge(const std::string& left, const std::string& right) {
    merges.push_back(EncodeByteUnicode(left) + " " + EncodeByteUnicode(right));
    return Add(EncodeByteUnicode(left + right), kNormal);
  }

  // Without ids of special tokens: those are the tests' own.
  GgufWriter Writer() const {
    GgufWriter writer;
    writer.String("tokenizer.ggml.model", "gpt2")
        .String("tokenizer.ggml.pre", "llama-bpe")
        .Strings("tokenizer.ggml.tokens", tokens)
        .Int32s("tokenizer.ggml.token_type", types)
        .Strings("tokenizer.ggml.merges", merges);
    return writer;
  }
};

inline absl::StatusOr<std::unique_ptr<Tokenizer>> MakeTokenizer(const GgufWriter& writer) {
  const std::vector<uint8_t> bytes = writer.Finish();
  absl::StatusOr<std::unique_ptr<ModelFile>> file = ModelFile::Parse(bytes, "tiny.gguf");
  if (!file.ok()) {
    return file.status();
  }
  return Tokenizer::FromGguf(**file);
}

}  // namespace bitnet
