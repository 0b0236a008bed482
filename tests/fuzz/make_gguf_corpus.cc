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

// A block or a few of every type, of bytes that are a valid number as a scale wherever it may stand.
GgufWriter Types() {
  struct Type {
    uint32_t type;
    std::vector<uint64_t> dims;
    size_t bytes;
  };
  GgufWriter writer;
  for (const Type& type : std::vector<Type>{{30, {3}, 6},
                                            {2, {32}, 18},
                                            {8, {32}, 34},
                                            {12, {256}, 144},
                                            {13, {256}, 176},
                                            {14, {256}, 210},
                                            {34, {256}, 54},
                                            {35, {256}, 66},
                                            {36, {4, 32}, 64},
                                            {41, {128}, 18},
                                            {42, {256, 4}, 16 * 18},
                                            {134, {64, 2}, 30},
                                            {135, {64, 2}, 40},
                                            {142, {128}, 34}}) {
    writer.Tensor("t" + std::to_string(type.type), static_cast<GgmlType>(type.type), type.dims,
                  std::vector<uint8_t>(type.bytes, 0x24));
  }
  return writer.Tensor("g128", static_cast<GgmlType>(142), {256, 4}, std::vector<uint8_t>(8 * 34, 0x11));
}

// Type 42 in groups of 128, and types whose numbers mean something else in files of bitnet.cpp.
GgufWriter Disputed() {
  return GgufWriter()
      .String("general.architecture", "bitnet")
      .Tensor("a", static_cast<GgmlType>(42), {256, 4}, std::vector<uint8_t>(8 * 34, 0x1B))
      .Tensor("b", static_cast<GgmlType>(42), {128}, std::vector<uint8_t>(34, 0x1B))
      .Tensor("c", static_cast<GgmlType>(39), {32}, std::vector<uint8_t>(32))
      .Tensor("d", static_cast<GgmlType>(40), {64}, std::vector<uint8_t>(12));
}

std::vector<uint8_t> WithFooter(size_t bytes, uint32_t group) {
  std::vector<uint8_t> tensor(bytes - 64, 0x24);
  const auto footer = ByteBuilder()
                          .Value<float>(0.5f)
                          .Value(group)
                          .Value<uint32_t>(1)
                          .Append(std::vector<uint8_t>(52))
                          .bytes();
  tensor.insert(tensor.end(), footer.begin(), footer.end());
  return tensor;
}

GgufWriter Packed() {
  return GgufWriter()
      .Tensor("q1k", GgmlType::kQ1K, {64, 9}, WithFooter(2 * (64 + 32) + 64, 0))
      .Tensor("two", GgmlType::kPacked2Bit, {16, 17}, WithFooter(2 * 64 + 64, 0))
      .Tensor("base3", GgmlType::kPackedBase3, {30, 3}, WithFooter(2 * 64 + 64, 0))
      .Tensor("one", GgmlType::kPackedGrouped1Bit, {64, 3}, WithFooter(2 * 64 + 2 * 32 + 64, 32))
      .Tensor("four", GgmlType::kPackedGrouped2Bit, {32, 3}, WithFooter(2 * 64 + 32 + 64, 32));
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
  bitnet::Write(folder + "types", bitnet::Types());
  bitnet::Write(folder + "disputed", bitnet::Disputed());
  bitnet::Write(folder + "packed", bitnet::Packed());
  bitnet::Write(folder + "config", bitnet::Config());
  bitnet::Write(folder + "vocabulary", bitnet::Vocabulary());
  return 0;
}
