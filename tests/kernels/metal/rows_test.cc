// Residual add, RMSNorm, int8 quantisation and gates.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "kernels/base3_gemm/base3_gemm.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/metal/arguments.h"
#include "kernels/quantize/quantize.h"
#include "kernels/rms_norm/rms_norm.h"
#include "tests/kernels/metal/metal_test.h"
#include "tests/kernels/metal/random_values.h"

namespace bitnet {
namespace {

constexpr size_t kRows = 3;
constexpr float kEps = 1e-5f;
constexpr size_t kSizes[] = {1, 2, 15, 16, 17, 31, 33, 100, 255, 256, 257, 640, 2560, 6912};

emulation::Dispatch RowDispatch(size_t shared_bytes) {
  return {
      .threadgroups = {kRows, 1, 1}, .simdgroups = gpu::kRowSimdgroups, .threadgroup_bytes = shared_bytes};
}

gpu::RowArguments ArgumentsOf(size_t n, bool adds) {
  const auto size = static_cast<uint32_t>(n);
  return {.n = size,
          .padded_n = static_cast<uint32_t>(Base3PaddedK(n)),
          .group = 0,
          .adds = adds ? 1u : 0u,
          .norms = 1,
          .x_stride = size + 3,
          .addend_stride = size + 5,
          .q_stride = static_cast<uint32_t>(Base3PaddedK(n)) + 1,
          .eps = kEps};
}

// Rows of x and of what is added to them, with gaps of NaN; the CPU's sums and their norms.
struct Rows {
  gpu::RowArguments arguments;
  std::vector<float> x, addend, weight;
  std::vector<float> sums;    // As x, with its gaps.
  std::vector<float> normed;  // [kRows, n]
};

Rows MakeRows(size_t n, bool adds, std::mt19937& rng) {
  Rows rows = {
      .arguments = ArgumentsOf(n, adds), .x = {}, .addend = {}, .weight = {}, .sums = {}, .normed = {}};
  const gpu::RowArguments& p = rows.arguments;
  rows.x.assign(kRows * p.x_stride, kNaN);
  rows.addend.assign(kRows * p.addend_stride, kNaN);
  rows.weight = RandomFloats(n, -2, 2, rng);
  rows.normed.resize(kRows * n);
  for (size_t r = 0; r < kRows; ++r) {
    // The last row is zeros.
    const std::vector<float> x = r == 2 ? std::vector<float>(n) : RandomMagnitudes(n, rng);
    const std::vector<float> addend = r == 2 ? std::vector<float>(n) : RandomFloats(n, -3, 3, rng);
    std::ranges::copy(x, rows.x.begin() + static_cast<ptrdiff_t>(r * p.x_stride));
    std::ranges::copy(addend, rows.addend.begin() + static_cast<ptrdiff_t>(r * p.addend_stride));
  }
  rows.sums = rows.x;
  for (size_t r = 0; r < kRows; ++r) {
    float* sum = rows.sums.data() + r * p.x_stride;
    if (adds) AddTo(n, rows.addend.data() + r * p.addend_stride, sum);
    RmsNormPortable(n, sum, rows.weight.data(), kEps, rows.normed.data() + r * n);
  }
  return rows;
}

class RowsMetalTest : public testing::TestWithParam<bool> {
 protected:
  std::mt19937 rng_{1};
};

class PlainRowsMetalTest : public testing::Test {
 protected:
  std::mt19937 rng_{1};
};

TEST_P(RowsMetalTest, NormsAndQuantisesAsTheCpuDoes) {
  EqualityCount codes("norm_quantize, int8"), scales("norm_quantize, scales"), sums("norm_quantize, sums"),
      residuals("norm_quantize, residuals");
  for (size_t n : kSizes) {
    const Rows rows = MakeRows(n, GetParam(), rng_);
    const gpu::RowArguments& p = rows.arguments;
    std::vector<int8_t> q(kRows * p.q_stride, -1);
    std::vector<float> scale;
    std::vector<int32_t> sum;
    for (size_t r = 0; r < kRows; ++r) {
      int8_t* row = q.data() + r * p.q_stride;
      const QuantizedRow found = QuantizeInt8Portable(n, rows.normed.data() + r * n, row);
      std::fill(row + n, row + p.padded_n, int8_t{0});
      scale.push_back(found.scale);
      sum.push_back(found.sum);
    }
    emulation::Buffer x = DeviceCopy(rows.x), addend = DeviceCopy(rows.addend),
                      weight = DeviceCopy(rows.weight), device_q(q.size()),
                      device_scale(kRows * sizeof(float)), device_sum(kRows * sizeof(int32_t)),
                      args = DeviceStruct(p);
    const emulation::Argument operands[] = {
        Operand("x", x),           Operand("addend", addend),        Operand("weight", weight),
        Operand("q", device_q),    Operand("q_scale", device_scale), Operand("q_sum", device_sum),
        Operand("arguments", args)};
    RunMetal("norm_quantize", RowDispatch(gpu::kRowSharedBytes), operands);
    ExpectEqual<int8_t>(device_q.As<int8_t>(), q, codes);
    ExpectEqual<float>(device_scale.As<float>(), scale, scales);
    ExpectEqual<int32_t>(device_sum.As<int32_t>(), sum, sums);
    ExpectEqual<float>(x.As<float>(), rows.sums, residuals);
  }
}

TEST_F(PlainRowsMetalTest, QuantisesWithoutANormAsTheCpuDoes) {
  EqualityCount codes("norm_quantize without a norm, int8");
  for (size_t n : kSizes) {
    Rows rows = MakeRows(n, false, rng_);
    gpu::RowArguments& p = rows.arguments;
    p.norms = 0;
    std::vector<int8_t> q(kRows * p.q_stride, -1);
    for (size_t r = 0; r < kRows; ++r) {
      int8_t* row = q.data() + r * p.q_stride;
      QuantizeInt8Portable(n, rows.x.data() + r * p.x_stride, row);
      std::fill(row + n, row + p.padded_n, int8_t{0});
    }
    emulation::Buffer x = DeviceCopy(rows.x), none(0), device_q(q.size()), scale(kRows * sizeof(float)),
                      sum(kRows * sizeof(int32_t)), args = DeviceStruct(p);
    const emulation::Argument operands[] = {
        Operand("x", x),           Operand("addend", none), Operand("weight", none),   Operand("q", device_q),
        Operand("q_scale", scale), Operand("q_sum", sum),   Operand("arguments", args)};
    RunMetal("norm_quantize", RowDispatch(gpu::kRowSharedBytes), operands);
    ExpectEqual<int8_t>(device_q.As<int8_t>(), q, codes);
  }
}

TEST_P(RowsMetalTest, NormsAsTheCpuDoes) {
  EqualityCount count("norm_row"), residuals("norm_row, residuals");
  for (size_t n : kSizes) {
    const Rows rows = MakeRows(n, GetParam(), rng_);
    const gpu::RowArguments& p = rows.arguments;
    std::vector<float> expected(kRows * p.q_stride, kNaN);
    for (size_t r = 0; r < kRows; ++r)
      std::copy_n(rows.normed.data() + r * n, n, expected.data() + r * p.q_stride);
    emulation::Buffer x = DeviceCopy(rows.x), addend = DeviceCopy(rows.addend),
                      weight = DeviceCopy(rows.weight), y(expected.size() * sizeof(float)),
                      args = DeviceStruct(p);
    const emulation::Argument operands[] = {Operand("x", x), Operand("addend", addend),
                                            Operand("weight", weight), Operand("y", y),
                                            Operand("arguments", args)};
    RunMetal("norm_row", RowDispatch(gpu::kRowSharedBytes), operands);
    ExpectEqual<float>(y.As<float>(), expected, count);
    ExpectEqual<float>(x.As<float>(), rows.sums, residuals);
  }
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutResidual, RowsMetalTest, testing::Bool(), [](const auto& adds) {
  return std::string(adds.param ? "AfterAResidual" : "Alone");
});

TEST_F(PlainRowsMetalTest, AddsAsTheCpuDoes) {
  EqualityCount count("add_rows");
  for (size_t n : kSizes) {
    const Rows rows = MakeRows(n, true, rng_);
    emulation::Buffer x = DeviceCopy(rows.x), addend = DeviceCopy(rows.addend),
                      args = DeviceStruct(rows.arguments);
    const emulation::Argument operands[] = {Operand("x", x), Operand("addend", addend),
                                            Operand("arguments", args)};
    RunMetal("add_rows", RowDispatch(0), operands);
    ExpectEqual<float>(x.As<float>(), rows.sums, count);
  }
}

TEST_F(PlainRowsMetalTest, QuantisesGroupsAsTheCpuDoes) {
  EqualityCount codes("quantize_groups, int8"), inverses("quantize_groups, inverses"),
      sums("quantize_groups, sums");
  for (size_t group : {16, 32, 64, 128, 200}) {
    for (size_t groups : {1, 2, 7, 8, 9, 20}) {
      const size_t n = group * groups;
      std::vector<float> x = RandomMagnitudes(kRows * n, rng_);
      std::fill_n(x.begin(), group, 0.0f);
      std::vector<int8_t> q(kRows * n);
      std::vector<float> inv(kRows * groups);
      std::vector<int32_t> sum(kRows * groups);
      for (size_t r = 0; r < kRows; ++r) {
        QuantizeInt8GroupsPortable(n, group, x.data() + r * n, q.data() + r * n, inv.data() + r * groups,
                                   sum.data() + r * groups);
      }
      gpu::RowArguments p = {};
      p.n = p.x_stride = p.q_stride = static_cast<uint32_t>(n);
      p.group = static_cast<uint32_t>(group);
      emulation::Buffer device_x = DeviceCopy(x), device_q(q.size()), device_inv(inv.size() * sizeof(float)),
                        device_sum(sum.size() * sizeof(int32_t)), args = DeviceStruct(p);
      const emulation::Argument operands[] = {Operand("x", device_x), Operand("q", device_q),
                                              Operand("q_inv", device_inv), Operand("q_sum", device_sum),
                                              Operand("arguments", args)};
      RunMetal("quantize_groups", RowDispatch(0), operands);
      ExpectEqual<int8_t>(device_q.As<int8_t>(), q, codes);
      ExpectEqual<float>(device_inv.As<float>(), inv, inverses);
      ExpectEqual<int32_t>(device_sum.As<int32_t>(), sum, sums);
    }
  }
}

TEST_F(PlainRowsMetalTest, GatesAsTheCpuDoes) {
  for (const auto activation : {gpu::kSquaredRelu, gpu::kSilu}) {
    EqualityCount count(activation == gpu::kSilu ? "gate_rows, SiLU" : "gate_rows, squared ReLU");
    for (size_t n : {1, 31, 32, 33, 5000}) {
      std::vector<float> gate = RandomMagnitudes(n, rng_);
      // Past the end of exp, and what begins its last step.
      const float special[] = {-88.0f, 88.0f, -87.3f, 87.3f, -87.30001f, -0.0f, 1e30f, -1e30f, kNaN};
      for (size_t i = 0; i < std::min(n, std::size(special)); ++i) gate[i] = special[i];
      const std::vector<float> up = RandomFloats(n, -3, 3, rng_);
      std::vector<float> expected(n);
      (activation == gpu::kSilu ? SiluGate : SquaredReluGate)(n, gate.data(), up.data(), expected.data());
      emulation::Buffer device_gate = DeviceCopy(gate), device_up = DeviceCopy(up),
                        args = DeviceStruct(gpu::GateArguments{static_cast<uint32_t>(n), activation});
      const emulation::Argument operands[] = {Operand("gate", device_gate), Operand("up", device_up),
                                              Operand("arguments", args)};
      RunMetal("gate_rows", {.threadgroups = {static_cast<uint32_t>((n + 31) / 32), 1, 1}}, operands);
      ExpectEqual<float>(device_gate.As<float>(), expected, count);
    }
  }
}

}  // namespace
}  // namespace bitnet
