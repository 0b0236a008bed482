// Products that leave rows or columns out, over how much they keep: time is to be compared with that of
// TernaryGemm for all of the same matrices.
#include <algorithm>
#include <cstdint>
#include <string>

#include "bench/kernels/register.h"
#include "engine/aligned_buffer.h"
#include "kernels/column_gemv/column_gemv.h"
#include "kernels/row_gemv/row_gemv.h"

namespace bitnet {
namespace {

// 60 layers of BitNet b1.58 2B4T: 256 MiB that come from memory, as in a decode step.
constexpr size_t kLayers = 60;
constexpr size_t kHiddenDim = 2560;
constexpr size_t kFfnDim = 6912;
constexpr size_t kLayerBytes = kHiddenDim * kFfnDim / 4;

// Codes of 0 and 1 in any order are ternary weights.
const uint8_t* Weights() {
  static const AlignedBuffer<uint8_t> weights = [] {
    AlignedBuffer<uint8_t> bytes(kLayers * kLayerBytes);
    std::mt19937 rng(1);
    for (uint8_t& byte : bytes.span()) byte = static_cast<uint8_t>(rng() & 0x55);
    return bytes;
  }();
  return weights.data();
}

// One in 0 .. n - 1 after the other, each with this probability.
std::vector<uint32_t> Some(size_t n, double share, std::mt19937& rng) {
  std::bernoulli_distribution chosen(share);
  std::vector<uint32_t> list;
  for (uint32_t i = 0; i < n; ++i) {
    if (chosen(rng)) list.push_back(i);
  }
  return list;
}

std::vector<int8_t> RandomInt8(size_t n, std::mt19937& rng) {
  std::vector<int8_t> values(n);
  for (int8_t& value : values) value = static_cast<int8_t>(rng() % 255 - 127);
  return values;
}

void RunRows(benchmark::State& state, const RowGemvKernel& kernel, double share) {
  std::mt19937 rng(2);
  const std::vector<int8_t> x = RandomInt8(kHiddenDim, rng);
  std::vector<std::vector<uint32_t>> rows;
  for (size_t layer = 0; layer < kLayers; ++layer) rows.push_back(Some(kFfnDim, share, rng));
  std::vector<float> y(kFfnDim);
  const uint8_t* weights = Weights();
  for (auto _ : state) {
    for (size_t layer = 0; layer < kLayers; ++layer) {
      kernel.run({.num_rows = rows[layer].size(),
                  .rows = rows[layer].data(),
                  .k = kHiddenDim,
                  .w = weights + layer * kLayerBytes,
                  .x = x.data(),
                  .x_sum = 0,
                  .factor = 1,
                  .y = y.data()});
    }
    benchmark::ClobberMemory();
  }
}

void RunColumns(benchmark::State& state, const ColumnGemvKernel& kernel, double share) {
  std::mt19937 rng(3);
  std::vector<std::vector<uint32_t>> columns;
  for (size_t layer = 0; layer < kLayers; ++layer) {
    columns.push_back(Some(kFfnDim, share, rng));
    columns.back().resize(columns.back().size() / kColumnGroup * kColumnGroup);
  }
  const std::vector<int8_t> values = RandomInt8(kFfnDim, rng);
  std::vector<int32_t> sums(kHiddenDim);
  const uint8_t* weights = Weights();
  for (auto _ : state) {
    for (size_t layer = 0; layer < kLayers; ++layer) {
      std::ranges::fill(sums, 0);
      kernel.run({.rows = kHiddenDim,
                  .num_columns = columns[layer].size(),
                  .w = weights + layer * kLayerBytes,
                  .columns = columns[layer].data(),
                  .values = values.data(),
                  .sums = sums.data()});
    }
    benchmark::ClobberMemory();
  }
}

}  // namespace

void RegisterSparseGemv() {
  for (const int percent : {5, 10, 20, 30, 50, 70, 100}) {
    const std::string shape = "streamed/kept:" + std::to_string(percent) + "%";
    const double share = percent / 100.0;
    RegisterEach(
        RowGemvKernels(), "RowGemv", shape,
        [=](benchmark::State& state, const RowGemvKernel& kernel) { RunRows(state, kernel, share); });
    RegisterEach(
        ColumnGemvKernels(), "ColumnGemv", shape,
        [=](benchmark::State& state, const ColumnGemvKernel& kernel) { RunColumns(state, kernel, share); });
  }
}

}  // namespace bitnet
