// Output heads.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "kernels/float_gemm/float_gemm.h"
#include "kernels/int6_gemm/int6_gemm.h"
#include "kernels/metal/arguments.h"
#include "tests/kernels/metal/metal_test.h"
#include "tests/kernels/metal/random_values.h"

namespace bitnet {
namespace {

class FloatHeadMetalTest : public testing::TestWithParam<FloatType> {
 protected:
  void ExpectEqualProducts(size_t rows, size_t k, size_t batch, float scale) {
    SCOPED_TRACE(testing::Message() << rows << " rows, k " << k << ", batch " << batch);
    // Any bits but those of infinities and NaNs.
    std::vector<uint32_t> w =
        RandomInts<uint32_t>((rows * k * FloatTypeBytes(GetParam()) + 3) / 4, 0, 0x7fffffff, rng_);
    for (uint32_t& bits : w) {
      bits = GetParam() == FloatType::kF32    ? (bits & 0x807fffff) | (100 + bits % 50) << 23
             : GetParam() == FloatType::kBf16 ? (bits & 0x807f807f) | 0x3f003f00
                                              : bits & 0xbbffbbff;
    }
    const std::vector<float> x = RandomFloats(batch * k, -1, 1, rng_);
    std::vector<float> expected(batch * rows);
    FloatGemmPortable({.rows = rows,
                       .k = k,
                       .batch = batch,
                       .w = w.data(),
                       .x = x.data(),
                       .x_stride = k,
                       .y = expected.data(),
                       .y_stride = rows,
                       .type = GetParam()});
    for (float& y : expected) y *= scale;
    emulation::Buffer device_w = DeviceCopy(w), device_x = DeviceCopy(x), y(expected.size() * sizeof(float)),
                      args = DeviceStruct(gpu::HeadArguments{
                          .rows = static_cast<uint32_t>(rows),
                          .k = static_cast<uint32_t>(k),
                          .type = static_cast<uint32_t>(GetParam() == FloatType::kF16    ? gpu::kWeightF16
                                                        : GetParam() == FloatType::kBf16 ? gpu::kWeightBf16
                                                                                         : gpu::kWeightF32),
                          .x_stride = static_cast<uint32_t>(k),
                          .y_stride = static_cast<uint32_t>(rows),
                          .scale = scale});
    const emulation::Argument operands[] = {Operand("w", device_w), Operand("x", device_x), Operand("y", y),
                                            Operand("arguments", args)};
    const size_t group_rows = 2 * gpu::kHeadSimdgroups;
    RunMetal("float_gemv",
             {.threadgroups = {static_cast<uint32_t>((rows + group_rows - 1) / group_rows),
                               static_cast<uint32_t>(batch), 1},
              .simdgroups = gpu::kHeadSimdgroups},
             operands);
    ExpectEqual<float>(y.As<float>(), expected, count_);
  }

  std::mt19937 rng_{1};
  EqualityCount count_{"float_gemv"};
};

TEST_P(FloatHeadMetalTest, EqualsTheCpuForAnyShape) {
  for (size_t k : {1, 2, 15, 16, 17, 31, 33, 64, 100, 256}) {
    for (size_t rows : {1, 2, 7, 8, 9, 17}) ExpectEqualProducts(rows, k, rows % 3 + 1, 1);
  }
}
TEST_P(FloatHeadMetalTest, EqualsTheCpuForModelShapes) { ExpectEqualProducts(40, 2560, 2, 1); }
TEST_P(FloatHeadMetalTest, ScalesAtTheEnd) { ExpectEqualProducts(9, 100, 1, 0.3f); }

INSTANTIATE_TEST_SUITE_P(AllTypes, FloatHeadMetalTest,
                         testing::Values(FloatType::kF16, FloatType::kBf16, FloatType::kF32),
                         [](const auto& type) {
                           return std::string(type.param == FloatType::kF16    ? "f16"
                                              : type.param == FloatType::kBf16 ? "bf16"
                                                                               : "f32");
                         });

class Int6HeadMetalTest : public testing::Test {
 protected:
  void ExpectEqualProducts(size_t tiles, size_t k, size_t batch, const std::vector<uint8_t>& w,
                           const std::vector<int8_t>& w_scale, const std::vector<int8_t>& x) {
    SCOPED_TRACE(testing::Message() << tiles << " tiles, k " << k << ", batch " << batch);
    const size_t rows = 16 * tiles;
    const float scale = 0.37f;
    const std::vector<float> row_scale = RandomFloats(rows, -2, 2, rng_);
    const std::vector<float> x_scale = RandomFloats(batch, 0.1f, 3, rng_);
    std::vector<float> factor;
    for (const float value : x_scale) factor.push_back(scale / value);
    std::vector<int16_t> minus8(batch * k / 16);
    for (size_t i = 0; i < batch * k; ++i) minus8[i / 16] = static_cast<int16_t>(minus8[i / 16] - 8 * x[i]);
    std::vector<float> expected(batch * rows);
    Int6GemmPortable({.tiles = tiles,
                      .k = k,
                      .batch = batch,
                      .w = w.data(),
                      .w_scale = w_scale.data(),
                      .row_scale = row_scale.data(),
                      .x = x.data(),
                      .x_stride = k,
                      .x_minus8 = minus8.data(),
                      .x_minus8_stride = k / 16,
                      .x_scale = factor.data(),
                      .y = expected.data(),
                      .y_stride = rows});
    emulation::Buffer device_w = DeviceCopy(w), device_w_scale = DeviceCopy(w_scale),
                      device_row_scale = DeviceCopy(row_scale), device_x = DeviceCopy(x),
                      device_x_scale = DeviceCopy(x_scale), y(expected.size() * sizeof(float)),
                      args = DeviceStruct(gpu::HeadArguments{.rows = static_cast<uint32_t>(rows),
                                                             .k = static_cast<uint32_t>(k),
                                                             .type = 0,
                                                             .x_stride = static_cast<uint32_t>(k),
                                                             .y_stride = static_cast<uint32_t>(rows),
                                                             .scale = scale});
    const emulation::Argument operands[] = {
        Operand("w", device_w),    Operand("w_scale", device_w_scale), Operand("row_scale", device_row_scale),
        Operand("x", device_x),    Operand("x_scale", device_x_scale), Operand("y", y),
        Operand("arguments", args)};
    RunMetal("int6_gemv",
             {.threadgroups = {static_cast<uint32_t>(tiles), static_cast<uint32_t>(batch), 1},
              .simdgroups = gpu::kHeadSimdgroups,
              .threadgroup_bytes = gpu::kHeadSharedBytes},
             operands);
    ExpectEqual<float>(y.As<float>(), expected, count_);
  }

  std::mt19937 rng_{1};
  EqualityCount count_{"int6_gemv"};
};

TEST_F(Int6HeadMetalTest, EqualsTheCpuForAnyShape) {
  for (size_t blocks : {1, 2, 3, 4, 5, 8, 9, 80}) {
    for (size_t tiles : {1, 2, 3}) {
      const size_t k = 32 * blocks;
      ExpectEqualProducts(tiles, k, tiles, RandomInts<uint8_t>(tiles * Int6TileBytes(k), 0, 255, rng_),
                          RandomInts<int8_t>(tiles * Int6TileScales(k), -127, 127, rng_),
                          RandomInts<int8_t>(tiles * k, -127, 127, rng_));
    }
  }
}

TEST_F(Int6HeadMetalTest, HoldsExtremeSums) {
  const size_t k = kInt6MaxK;
  // Codes of 0 are weights of -32.
  for (const int sign : {-1, 1}) {
    ExpectEqualProducts(1, k, 1, std::vector<uint8_t>(Int6TileBytes(k), 0),
                        std::vector<int8_t>(Int6TileScales(k), 127),
                        std::vector<int8_t>(k, static_cast<int8_t>(127 * sign)));
  }
}

}  // namespace
}  // namespace bitnet
