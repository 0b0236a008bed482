// Adapters with random numbers to every matrix of a model.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/adapters/gguf_adapter.h"
#include "engine/model/model_config.h"
#include "tests/engine/gguf_writer.h"

namespace bitnet {

// A GGUF file. `size`: of the change that a matrix's result gets, beside inputs of size 1. The same seed
// gives the same bytes on every platform.
inline std::vector<uint8_t> RandomAdapterFile(const ModelConfig& config, size_t rank, uint32_t seed,
                                              float size = 0.3f) {
  std::mt19937 rng(seed);
  const auto floats = [&rng](size_t n, double deviation) {
    std::vector<float> values(n);
    for (float& value : values) {  // Uniform: the deviation is that of 1/sqrt(3).
      value = static_cast<float>((static_cast<double>(rng()) * 0x1p-31 - 1) * deviation * std::sqrt(3.0));
    }
    return values;
  };
  GgufWriter writer;
  writer.String("general.type", "adapter")
      .String("general.architecture", config.architecture)
      .String("adapter.type", "lora")
      .Float32("adapter.lora.alpha", 2 * static_cast<float>(rank));
  for (size_t layer = 0; layer < config.num_layers; ++layer) {
    for (size_t i = 0; i < kNumProjectionKinds; ++i) {
      const auto kind = static_cast<ProjectionKind>(i);
      const ProjectionShape shape = ShapeOf(kind, config);
      const std::string base = absl::StrCat("blk.", layer, ".", std::string(GgufName(kind)), ".weight");
      const auto root = [](size_t n) { return std::sqrt(static_cast<double>(n)); };
      writer.F32Tensor(base + ".lora_a", {shape.k, rank}, floats(rank * shape.k, 1 / root(shape.k)));
      writer.F32Tensor(base + ".lora_b", {rank, shape.rows},
                       floats(shape.rows * rank, size / 2 / root(rank)));
    }
  }
  return writer.Finish();
}

inline std::unique_ptr<Adapter> RandomAdapter(const ModelConfig& config, size_t rank, uint32_t seed,
                                              float size = 0.3f) {
  const std::vector<uint8_t> bytes = RandomAdapterFile(config, rank, seed, size);
  auto adapter = ReadGgufAdapter(**ModelFile::Parse(bytes, "adapter"), config, size_t{1} << 30);
  EXPECT_TRUE(adapter.ok()) << adapter.status();
  return *std::move(adapter);
}

}  // namespace bitnet
