// LoRA adapters. The first byte tells which kind: even, a GGUF file; odd, four bytes with the length of
// adapter_config.json, then that, then adapter_model.safetensors. Its second bit picks one of two models.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <span>

#include "engine/adapters/gguf_adapter.h"
#include "engine/adapters/peft_adapter.h"
#include "tests/engine/adapters/adapter_files.h"
#include "tests/fuzz/allocation_meter.h"
#include "tests/fuzz/fuzz_target.h"

namespace bitnet {
namespace {

constexpr size_t kMaxBytes = size_t{1} << 20;

absl::StatusOr<std::unique_ptr<Adapter>> ReadPeft(std::span<const uint8_t> bytes, const ModelConfig& config) {
  uint32_t json_bytes = 0;
  if (bytes.size() < sizeof(json_bytes)) {
    return absl::DataLossError("too short for the target");
  }
  std::memcpy(&json_bytes, bytes.data(), sizeof(json_bytes));
  bytes = bytes.subspan(sizeof(json_bytes));
  const size_t split = std::min<size_t>(json_bytes, bytes.size());
  return ParsePeftAdapter(bytes.first(split), bytes.subspan(split), "fuzz", config, kMaxBytes);
}

absl::StatusOr<std::unique_ptr<Adapter>> Read(uint8_t kind, std::span<const uint8_t> bytes,
                                              const ModelConfig& config) {
  if ((kind & 1) != 0) {
    return ReadPeft(bytes, config);
  }
  const auto file = ModelFile::Parse(bytes, "fuzz.gguf");
  if (!file.ok()) {
    return file.status();
  }
  return ReadGgufAdapter(**file, config, kMaxBytes);
}

void CheckAdapter(const Adapter& adapter, const ModelConfig& config) {
  BITNET_FUZZ_CHECK(adapter.bytes() <= kMaxBytes);
  BITNET_FUZZ_CHECK(adapter.num_pairs() > 0);
  for (size_t layer = 0; layer < config.num_layers; ++layer) {
    for (size_t i = 0; i < kNumProjectionKinds; ++i) {
      const auto kind = static_cast<ProjectionKind>(i);
      if (const LowRankPair* pair = adapter.Find(layer, kind)) {
        const ProjectionShape shape = ShapeOf(kind, config);
        BITNET_FUZZ_CHECK(pair->rank > 0 && pair->rank <= kMaxAdapterRank);
        BITNET_FUZZ_CHECK(pair->a.size() == pair->rank * shape.k);
        BITNET_FUZZ_CHECK(pair->b.size() == shape.rows * pair->rank);
        BITNET_FUZZ_CHECK(std::isfinite(pair->scale));
        for (const float value : pair->a) BITNET_FUZZ_CHECK(std::isfinite(value));
        for (const float value : pair->b) BITNET_FUZZ_CHECK(std::isfinite(value));
      }
    }
  }
}

}  // namespace
}  // namespace bitnet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bitnet;
  if (size == 0) {
    return 0;
  }
  const ModelConfig config = TinyConfig((data[0] & 2) != 0 ? RopePairs::kNeighbours : RopePairs::kHalves);
  const AllocationMeter reading;
  const auto adapter = Read(data[0], {data + 1, size - 1}, config);
  BITNET_FUZZ_CHECK(reading.IsJustifiedBy(size));
  if (adapter.ok()) {
    CheckAdapter(**adapter, config);
  } else {
    BITNET_FUZZ_CHECK(!adapter.status().message().empty());
  }
  return 0;
}
