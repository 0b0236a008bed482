// make_gguf_corpus FOLDER: writes small well-formed model files, from which a fuzzer starts.
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "tests/engine/gguf_writer.h"
#include "tests/engine/tokenizer/tiny_vocabulary.h"

namespace bitnet {
namespace {

void Write(const std::string& path, const GgufWriter& writer) {
  const std::vector<uint8_t> bytes = writer.Finish();
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

GgufWriter EveryValueType() {
  return GgufWriter()
      .Scalar<uint8_t>("u8", GgufWriter::kUint8, 1)
      .Scalar<int8_t>("i8", GgufWriter::kInt8, -1)
      .Scalar<uint16_t>("u16", GgufWriter::kUint16, 1)
      .Scalar<int16_t>("i16", GgufWriter::kInt16, -1)
      .Uint32("u32", 1)
      .Int32("i32", -1)
      .Uint64("u64", 1)
      .Scalar<int64_t>("i64", GgufWriter::kInt64, -1)
      .Float32("f32", 1)
      .Float64("f64", 1)
      .Bool("b", true)
      .String("s", "text")
      .Strings("as", {"a", "b"})
      .Int32s("ai", {1, 2})
      .Float32s("af", {1, 2})
      .Array<uint8_t>("ab", GgufWriter::kBool, {0, 1});
}

GgufWriter Tensors(uint32_t alignment) {
  GgufWriter writer;
  writer.alignment = alignment;
  writer.F32Tensor("a", {2}, {1, 2})
      .Tensor("b", GgmlType::kF16, {2, 3}, std::vector<uint8_t>(12))
      .Tensor("c", GgmlType::kI2S, {128}, std::vector<uint8_t>(64))
      .Tensor("d", static_cast<GgmlType>(14), {256}, std::vector<uint8_t>(210));
  return writer;
}

GgufWriter Config() {
  const std::string prefix = "bitnet-b1.58.";
  return GgufWriter()
      .String("general.architecture", "bitnet-b1.58")
      .Uint32(prefix + "block_count", 1)
      .Uint32(prefix + "context_length", 8)
      .Uint32(prefix + "embedding_length", 128)
      .Uint32(prefix + "feed_forward_length", 128)
      .Uint32(prefix + "attention.head_count", 2)
      .Uint32(prefix + "attention.head_count_kv", 1)
      .Uint32(prefix + "rope.dimension_count", 64)
      .Float32(prefix + "attention.layer_norm_rms_epsilon", 1e-5f)
      .Float32(prefix + "rope.freq_base", 1e4f)
      .Tensor("token_embd.weight", GgmlType::kF16, {128, 1}, std::vector<uint8_t>(256));
}

GgufWriter Vocabulary() {
  TinyVocabulary vocabulary;
  vocabulary.AddMerge("l", "l");
  vocabulary.AddMerge("H", "e");
  vocabulary.AddMerge("He", "ll");
  const int32_t bos = vocabulary.Add("<s>", TinyVocabulary::kControl);
  const int32_t eot = vocabulary.Add("<|eot_id|>", TinyVocabulary::kControl);
  GgufWriter writer = vocabulary.Writer();
  writer.Uint32("tokenizer.ggml.bos_token_id", static_cast<uint32_t>(bos))
      .Uint32("tokenizer.ggml.eos_token_id", static_cast<uint32_t>(eot));
  return writer;
}

}  // namespace
}  // namespace bitnet

int main(int argc, char** argv) {
  if (argc != 2) {
    return 2;
  }
  const std::string folder = std::string(argv[1]) + "/";
  bitnet::Write(folder + "empty", bitnet::GgufWriter());
  bitnet::Write(folder + "values", bitnet::EveryValueType());
  bitnet::Write(folder + "tensors", bitnet::Tensors(32));
  bitnet::Write(folder + "aligned", bitnet::Tensors(8));
  bitnet::Write(folder + "config", bitnet::Config());
  bitnet::Write(folder + "vocabulary", bitnet::Vocabulary());
  return 0;
}
