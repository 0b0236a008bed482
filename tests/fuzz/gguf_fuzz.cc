// Model files: the container, the rows of its tensors, the model's dimensions, the vocabulary.
#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/formats/row_decoder.h"
#include "engine/formats/row_encoder.h"
#include "engine/model/gguf_header.h"
#include "engine/model/model_config.h"
#include "engine/model/model_file.h"
#include "engine/tokenizer/tokenizer.h"
#include "tests/fuzz/allocation_meter.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/tokenizer_checks.h"

namespace bitnet {
namespace {

void CheckTensors(const ModelFile& file, std::span<const uint8_t> bytes) {
  uint64_t sum = 0;
  for (const ModelTensor& tensor : file.tensors()) {
    BITNET_FUZZ_CHECK(!tensor.data.empty());
    BITNET_FUZZ_CHECK(tensor.data.data() >= bytes.data());
    BITNET_FUZZ_CHECK(tensor.data.data() + tensor.data.size() <= bytes.data() + bytes.size());
    BITNET_FUZZ_CHECK(tensor.num_elements() > 0);
    BITNET_FUZZ_CHECK(*file.GetTensor(tensor.name) == &tensor);
    sum += tensor.data.size();
  }
  BITNET_FUZZ_CHECK(sum <= bytes.size());  // They do not overlap.
}

int HighestCode(CodeRange range) { return range == CodeRange::kQuaternary ? 2 : 1; }

// Rows whose codes and floats go together, and which no type to write them in breaks on.
void CheckRows(const RowDecoder& decoder) {
  BITNET_FUZZ_CHECK(decoder.rows() > 0 && decoder.k() > 0);
  const bool has_codes = decoder.codes() != CodeRange::kNone;
  BITNET_FUZZ_CHECK(!has_codes || decoder.k() % decoder.group_weights() == 0);
  std::vector<float> floats(decoder.k());
  std::vector<int8_t> codes(decoder.k());
  std::vector<float> scales(has_codes ? decoder.k() / decoder.group_weights() : 0);
  for (size_t row = 0; row < decoder.rows(); ++row) {
    const bool valid = decoder.Floats(row, floats.data());
    for (size_t i = 0; valid && i < decoder.k(); ++i) {
      BITNET_FUZZ_CHECK(std::isfinite(floats[i]));
    }
    if (!has_codes) {
      continue;
    }
    BITNET_FUZZ_CHECK(decoder.Codes(row, codes.data(), scales.data()) == valid);
    for (size_t i = 0; valid && i < decoder.k(); ++i) {
      BITNET_FUZZ_CHECK(codes[i] >= -1 && codes[i] <= HighestCode(decoder.codes()));
      BITNET_FUZZ_CHECK(decoder.codes() != CodeRange::kBinary || codes[i] != 0);
      BITNET_FUZZ_CHECK(floats[i] == static_cast<float>(codes[i]) * scales[i / decoder.group_weights()]);
    }
  }
}

// What was written decodes, and says of itself what it lost.
void CheckWriting(const RowDecoder& decoder) {
  for (const GgmlType to : {GgmlType::kF32, GgmlType::kF16, GgmlType::kBF16, GgmlType::kQ4_0, GgmlType::kQ8_0,
                            GgmlType::kQ6K, GgmlType::kTQ1_0, GgmlType::kTQ2_0, GgmlType::kQ1_0,
                            GgmlType::kQ2_0, GgmlType::kPQ2_0, GgmlType::kI2S, GgmlType::kQ1K}) {
    const auto encoded = EncodeTensor(decoder, to, "t");
    if (!encoded.ok()) {
      continue;
    }
    const ModelTensor tensor = {
        .name = "t", .type = to, .dims = {decoder.k(), decoder.rows()}, .data = encoded->bytes};
    const auto written = RowDecoder::Create(tensor);
    BITNET_FUZZ_CHECK(written.ok() && std::isfinite(encoded->error.largest));
    std::vector<float> row(decoder.k());
    BITNET_FUZZ_CHECK(written->Floats(decoder.rows() - 1, row.data()));
    BITNET_FUZZ_CHECK(to != GgmlType::kF32 || encoded->error.largest == 0);
  }
}

void CheckDecoding(const ModelFile& file) {
  constexpr uint64_t kMaxWritten = 1 << 14;  // Enough of every type, and a run of the fuzzer stays short.
  for (const ModelTensor& tensor : file.tensors()) {
    for (const I2sLayout layout : {I2sLayout::k128x32, I2sLayout::k64x16, I2sLayout::k1x4Rows}) {
      const auto decoder = RowDecoder::Create(tensor, layout);
      if (decoder.ok()) {
        CheckRows(*decoder);
        if (tensor.num_elements() <= kMaxWritten) {
          CheckWriting(*decoder);
        }
      }
      if (tensor.type != GgmlType::kI2S) {
        break;  // The layout makes no difference.
      }
    }
    // As other containers' readers would have it.
    ModelTensor master = tensor;
    master.quantize_absmean = true;
    master.rope_heads = 2;
    if (const auto decoder = RowDecoder::Create(master); decoder.ok()) {
      CheckRows(*decoder);
    }
  }
}

// Keys that were read can be written and read again.
void CheckKeys(const ModelFile& file) {
  const auto header = GgufHeader(file.keys(), {}, 64);
  BITNET_FUZZ_CHECK(header.ok());
  const auto again = ModelFile::Parse(*header, "again.gguf");
  BITNET_FUZZ_CHECK(again.ok());
  for (const auto& [key, value] : file.keys()) {
    BITNET_FUZZ_CHECK((*again)->Has(key) || key == "general.alignment");
  }
}

void CheckConfig(const ModelConfig& config) {
  BITNET_FUZZ_CHECK(config.hidden_dim > 0 && config.ffn_dim > 0);
  BITNET_FUZZ_CHECK(config.head_dim > 0 && config.head_dim % 2 == 0 && config.query_dim() > 0);
  BITNET_FUZZ_CHECK(config.num_kv_heads > 0 && config.num_heads % config.num_kv_heads == 0);
  BITNET_FUZZ_CHECK(config.num_layers > 0 && config.max_seq_len > 0 && config.vocab_size > 0);
}

}  // namespace
}  // namespace bitnet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bitnet;
  const AllocationMeter parsing;
  const auto file = ModelFile::Parse({data, size}, "fuzz.gguf");
  BITNET_FUZZ_CHECK(parsing.IsJustifiedBy(size));
  if (!file.ok()) {
    BITNET_FUZZ_CHECK(!file.status().message().empty());
    return 0;
  }
  CheckTensors(**file, {data, size});
  CheckDecoding(**file);
  CheckKeys(**file);
  if (const auto config = ReadModelConfig(**file); config.ok()) {
    CheckConfig(*config);
  }
  const AllocationMeter reading;
  const auto tokenizer = Tokenizer::FromGguf(**file);
  BITNET_FUZZ_CHECK(reading.IsJustifiedBy(size));
  if (tokenizer.ok()) {
    CheckTokenizer(**tokenizer);
  }
  return 0;
}
