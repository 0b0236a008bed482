// Encodes texts for comparison with other programs.
//
// tokenizer_dump PATH VOCAB_SIZE parse|plain|scores < TEXTS > IDS
//   PATH  a GGUF file, or a Hugging Face directory whose tokenizer is padded to VOCAB_SIZE tokens.
//   scores  as parse, but without the merges that a directory's SentencePiece tokenizer has: by scores, which
//   is
//           all that GGUF files of others have.
//   TEXTS one a line, its bytes in hexadecimal. IDS in the same order, with spaces between them.
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "engine/huggingface/tokenizer/read_tokenizer.h"
#include "engine/model/model_file.h"
#include "engine/tokenizer/tokenizer.h"

namespace bitnet {
namespace {

absl::StatusOr<std::unique_ptr<ModelFile>> OpenFile(const std::string& path, size_t vocab_size,
                                                    bool by_scores) {
  if (!std::filesystem::is_directory(path)) {
    return ModelFile::Open(path, FileAccess::kMap);
  }
  ModelKeys keys;
  RETURN_IF_ERROR(ReadHfTokenizer(path, vocab_size, keys));
  if (by_scores) {
    keys.erase("tokenizer.ggml.merges");
  }
  return ModelFile::FromParts(path, std::move(keys), {}, {});
}

absl::Status Run(const std::string& path, size_t vocab_size, const std::string& mode) {
  const SpecialTokens special = mode == "plain" ? SpecialTokens::kPlain : SpecialTokens::kParse;
  std::unique_ptr<Tokenizer> tokenizer;
  {
    ASSIGN_OR_RETURN(const std::unique_ptr<ModelFile> file, OpenFile(path, vocab_size, mode == "scores"));
    ASSIGN_OR_RETURN(tokenizer, Tokenizer::FromGguf(*file));
  }
  for (std::string line; std::getline(std::cin, line);) {
    const std::string text = absl::HexStringToBytes(line);
    std::cout << absl::StrJoin(tokenizer->Encode(text, special), " ") << '\n';
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace bitnet

int main(int argc, char** argv) {
  using namespace bitnet;
  const std::string mode = argc == 4 ? argv[3] : "";
  if (mode != "parse" && mode != "plain" && mode != "scores") {
    std::cerr << "usage: tokenizer_dump PATH VOCAB_SIZE parse|plain|scores < TEXTS > IDS\n";
    return 2;
  }
  std::ios::sync_with_stdio(false);
  const absl::Status status = Run(argv[1], std::strtoull(argv[2], nullptr, 10), mode);
  if (!status.ok()) {
    std::cerr << status << '\n';
    return 1;
  }
  return 0;
}
