// The products of matrices with a scale for each group of a row.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "kernels/grouped_gemm/grouped_gemm.h"
#include "kernels/metal/arguments.h"
#include "tests/kernels/metal/metal_test.h"
#include "tests/kernels/metal/random_values.h"

namespace bitnet {
namespace {

struct Problem {
  GroupedLayout layout;
  size_t tiles, k, group, batch;
  std::vector<uint8_t> w = {};
  std::vector<uint16_t> w_scale = {};
  std::vector<int8_t> x = {};
  std::vector<int32_t> x_sum = {};
  std::vector<float> x_inv = {};
};

// Halves of any exponent, subnormal ones and zeros among them, but no infinities.
std::vector<uint16_t> RandomScales(size_t n, std::mt19937& rng) {
  std::vector<uint16_t> scales = RandomInts<uint16_t>(n, 0, 0xffff, rng);
  for (uint16_t& scale : scales) {
    if ((scale & 0x7c00) == 0x7c00) scale &= 0x83ff;
  }
  return scales;
}

Problem Make(GroupedLayout layout, size_t tiles, size_t k, size_t group, size_t batch, std::mt19937& rng,
             int lowest = -128, int highest = 127) {
  Problem p = {.layout = layout, .tiles = tiles, .k = k, .group = group, .batch = batch};
  const size_t bytes = GroupedTileBytes(layout, k);
  p.w.resize(tiles * bytes);
  for (size_t t = 0; t < tiles; ++t) {
    const auto weights = RandomInts<int8_t>(16 * k, -1, layout == GroupedLayout::k2Bit ? 2 : 1, rng);
    PackGroupedTile(layout, k, weights.data(), p.w.data() + t * bytes);
  }
  p.w_scale = RandomScales(tiles * 16 * (k / group), rng);
  p.x = RandomInts<int8_t>(batch * k, lowest, highest, rng);
  for (size_t i = 0; i < batch * k; i += group) {
    int32_t sum = 0;
    for (size_t j = i; j < i + group; ++j) sum += p.x[j];
    p.x_sum.push_back(sum);
  }
  p.x_inv = RandomFloats(batch * (k / group), 1e-3f, 2, rng);
  return p;
}

class GroupedMetalTest : public testing::TestWithParam<GroupedLayout> {
 protected:
  std::string Name(const char* operation) const {
    return (GetParam() == GroupedLayout::k1Bit ? "grouped_1bit_" : "grouped_2bit_") + std::string(operation);
  }

  // The matrix twice in one dispatch: the second copy's products follow the first's, and have a scale.
  void ExpectEqualProducts(const Problem& p) {
    SCOPED_TRACE(testing::Message() << p.tiles << " tiles, k " << p.k << ", group " << p.group << ", batch "
                                    << p.batch);
    const size_t rows = 16 * p.tiles;
    std::vector<float> expected(p.batch * rows);
    GroupedGemmPortable({.layout = p.layout,
                         .tiles = p.tiles,
                         .k = p.k,
                         .group = p.group,
                         .batch = p.batch,
                         .w = p.w.data(),
                         .w_scale = p.w_scale.data(),
                         .x = p.x.data(),
                         .x_stride = p.k,
                         .x_sum = p.x_sum.data(),
                         .x_inv = p.x_inv.data(),
                         .y = expected.data(),
                         .y_stride = rows});
    const size_t once = expected.size();
    for (size_t i = 0; i < once; ++i) expected.push_back(expected[i] * kScale);
    ExpectEqual<float>(
        Multiply("gemv", p, gpu::kGemvTiles, 1, gpu::kGemvSimdgroups, gpu::kGroupedGemvSharedBytes), expected,
        gemv_);
    ExpectEqual<float>(
        Multiply("gemm", p, gpu::kGemmTiles, gpu::kGemmColumns, gpu::kGemmSimdgroups, gpu::kGemmSharedBytes),
        expected, gemm_);
  }

  std::vector<float> Multiply(const char* operation, const Problem& p, uint32_t tiles, uint32_t columns,
                              uint32_t simdgroups, size_t shared_bytes) {
    const size_t rows = 16 * p.tiles;
    gpu::Projection projection = {.w = 0,
                                  .w_scale = 0,
                                  .y = 0,
                                  .tiles = static_cast<uint32_t>(p.tiles),
                                  .y_stride = static_cast<uint32_t>(rows),
                                  .scale = 1,
                                  .unused = 0};
    gpu::ProductArguments arguments = {.k = static_cast<uint32_t>(p.k),
                                       .x_stride = static_cast<uint32_t>(p.k),
                                       .batch = static_cast<uint32_t>(p.batch),
                                       .group = static_cast<uint32_t>(p.group),
                                       .activation = 0,
                                       .num_projections = 2,
                                       .projections = {projection, projection, {}}};
    arguments.projections[1].y = p.batch * rows;
    arguments.projections[1].scale = kScale;
    emulation::Buffer w = DeviceCopy(p.w), w_scale = DeviceCopy(p.w_scale), x = DeviceCopy(p.x),
                      x_sum = DeviceCopy(p.x_sum), x_inv = DeviceCopy(p.x_inv),
                      y(2 * p.batch * rows * sizeof(float)), args = DeviceStruct(arguments);
    const emulation::Argument operands[] = {Operand("w", w),           Operand("w_scale", w_scale),
                                            Operand("x", x),           Operand("x_sum", x_sum),
                                            Operand("x_inv", x_inv),   Operand("y", y),
                                            Operand("arguments", args)};
    const auto groups = static_cast<uint32_t>((p.tiles + tiles - 1) / tiles);
    const auto rounds = static_cast<uint32_t>((p.batch + columns - 1) / columns);
    RunMetal(Name(operation),
             {.threadgroups = {2 * groups, rounds, 1},
              .simdgroups = simdgroups,
              .threadgroup_bytes = shared_bytes},
             operands);
    return {y.As<float>().begin(), y.As<float>().end()};
  }

  static constexpr float kScale = 0.37f;  // Of all weights.
  EqualityCount gemv_{Name("gemv")};
  EqualityCount gemm_{Name("gemm")};
};

TEST_P(GroupedMetalTest, EqualsTheCpuForAnyNumberOfTiles) {
  std::mt19937 rng(1);
  for (size_t tiles = 1; tiles <= 6; ++tiles) ExpectEqualProducts(Make(GetParam(), tiles, 256, 128, 2, rng));
}

TEST_P(GroupedMetalTest, EqualsTheCpuForAnyGroupAndAnyNumberOfThem) {
  std::mt19937 rng(2);
  const size_t block_k = GroupedBlockK(GetParam());
  for (size_t group : {block_k, 2 * block_k, 3 * block_k, size_t{64}, size_t{128}, size_t{256}}) {
    for (size_t groups : {1, 3, 8, 17}) {
      ExpectEqualProducts(Make(GetParam(), 1, group * groups, group, 1, rng));
    }
  }
}

TEST_P(GroupedMetalTest, EqualsTheCpuForMoreGroupsThanWaitAtOnce) {
  std::mt19937 rng(3);
  const size_t group = GroupedBlockK(GetParam());
  for (size_t groups : {gpu::kGroupsAtOnce - 1, gpu::kGroupsAtOnce, gpu::kGroupsAtOnce + 1, 300u}) {
    ExpectEqualProducts(Make(GetParam(), 2, group * groups, group, 1, rng));
  }
}

TEST_P(GroupedMetalTest, EqualsTheCpuForAnyBatch) {
  std::mt19937 rng(4);
  for (size_t batch : {1, 2, 3, 4, 5, 8, 15, 16, 17, 31, 32, 33, 65}) {
    ExpectEqualProducts(Make(GetParam(), 2, 192, 64, batch, rng));
  }
}

TEST_P(GroupedMetalTest, EqualsTheCpuForModelShapes) {
  std::mt19937 rng(5);
  for (size_t k : {2048, 6144}) ExpectEqualProducts(Make(GetParam(), 3, k, 128, 2, rng));
}

TEST_P(GroupedMetalTest, HoldsExtremeSums) {
  std::mt19937 rng(6);
  // One group: sums of 3 * 128 * 32768 are below 2^24.
  ExpectEqualProducts(Make(GetParam(), 1, 32768, 32768, 1, rng, -128, -128));
}

INSTANTIATE_TEST_SUITE_P(AllLayouts, GroupedMetalTest,
                         testing::Values(GroupedLayout::k1Bit, GroupedLayout::k2Bit), [](const auto& layout) {
                           return std::string(layout.param == GroupedLayout::k1Bit ? "OneBit" : "TwoBits");
                         });

}  // namespace
}  // namespace bitnet
