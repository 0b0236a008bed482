// Hugging Face directories: config.json and a safetensors file. The input is the length of the first, four
// bytes, and then both.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "engine/formats/row_decoder.h"
#include "engine/huggingface/hf_config.h"
#include "engine/huggingface/hf_tensors.h"
#include "engine/huggingface/safetensors.h"
#include "tests/fuzz/allocation_meter.h"
#include "tests/fuzz/fuzz_target.h"

namespace bitnet {
namespace {

// A decoder makes no memory of its own, but one for the row it decodes; rows of more are none of this test.
constexpr size_t kMaxRow = 1 << 16;

void CheckStored(const std::vector<SafetensorsTensor>& tensors, std::span<const uint8_t> bytes) {
  const uint8_t* end = bytes.data();
  for (const SafetensorsTensor& tensor : tensors) {
    BITNET_FUZZ_CHECK(!tensor.name.empty() && tensor.shape.size() <= 4);
    BITNET_FUZZ_CHECK(tensor.data.data() >= end);  // One after the other.
    end = tensor.data.data() + tensor.data.size();
    uint64_t elements = 1;
    for (const uint64_t dim : tensor.shape) {
      elements *= dim;
    }
    const uint64_t element_bytes = tensor.type == SafetensorsType::kU8    ? 1
                                   : tensor.type == SafetensorsType::kF32 ? 4
                                                                          : 2;
    BITNET_FUZZ_CHECK(elements > 0 && tensor.data.size() == elements * element_bytes);
  }
  BITNET_FUZZ_CHECK(tensors.empty() || end == bytes.data() + bytes.size());
}

void CheckModel(const HfConfig& config, const std::vector<ModelTensor>& tensors) {
  BITNET_FUZZ_CHECK(config.head_dim > 0 && config.num_heads > 0 && config.num_kv_heads > 0);
  const ModelKeys keys = GgufKeysOf(config, "fuzz");
  BITNET_FUZZ_CHECK(keys.contains("general.architecture") &&
                    keys.contains(config.architecture + ".embedding_length"));
  if (config.rope_scaling && config.rope_scaling->type == "llama3") {
    BITNET_FUZZ_CHECK(RopeFrequencyFactors(config).size() == (config.head_dim + 1) / 2);
  }
  for (size_t i = 0; i < tensors.size(); ++i) {
    const ModelTensor& tensor = tensors[i];
    BITNET_FUZZ_CHECK(i == 0 || tensors[i - 1].name != tensor.name);
    BITNET_FUZZ_CHECK(!tensor.dims.empty() && tensor.num_elements() > 0);
    const auto decoder = RowDecoder::Create(tensor);
    if (!decoder.ok() || decoder->k() > kMaxRow) {
      continue;
    }
    BITNET_FUZZ_CHECK(decoder->rows() * decoder->k() == tensor.num_elements());
    std::vector<float> row(decoder->k());
    decoder->Floats(0, row.data());
    decoder->Floats(decoder->rows() - 1, row.data());
  }
}

}  // namespace
}  // namespace bitnet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bitnet;
  uint32_t config_bytes = 0;
  if (size < sizeof(config_bytes)) {
    return 0;
  }
  std::memcpy(&config_bytes, data, sizeof(config_bytes));
  std::span<const uint8_t> rest(data + sizeof(config_bytes), size - sizeof(config_bytes));
  const std::span<const uint8_t> config_json = rest.first(std::min<size_t>(config_bytes, rest.size()));
  rest = rest.subspan(config_json.size());

  const AllocationMeter reading;
  const auto config = ReadHfConfig(config_json, "config.json");
  const auto tensors = ReadSafetensors(rest, "model.safetensors");
  BITNET_FUZZ_CHECK(reading.IsJustifiedBy(size));
  if (tensors.ok()) {
    CheckStored(*tensors, rest);
  }
  if (!config.ok() || !tensors.ok()) {
    return 0;
  }
  const AllocationMeter translating;
  const auto translated = GgufTensorsOf(*config, *tensors);
  BITNET_FUZZ_CHECK(translating.IsJustifiedBy(size));
  if (translated.ok()) {
    CheckModel(*config, *translated);
  }
  return 0;
}
