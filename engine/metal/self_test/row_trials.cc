#include <algorithm>

#include "engine/metal/grid.h"
#include "engine/metal/self_test/kernel_trials.h"
#include "kernels/base3_gemm/base3_gemm.h"
#include "kernels/elementwise/elementwise.h"

namespace bitnet {
namespace {

constexpr uint32_t kRows = 2;
constexpr size_t kN = 300;  // More than a threadgroup has lanes, and no multiple of 16.
constexpr float kEps = 1e-5f;

// Rows, what is added to them, and what the CPU makes of it.
struct Rows {
  std::vector<float> x, addend;  // [kRows, kN]
  std::vector<float> weight;     // [kN]
  std::vector<float> sums, normed;
};

Rows MakeRows(KernelTrial& trial) {
  Rows rows = {.x = trial.Floats(kRows * kN),
               .addend = trial.Floats(kRows * kN),
               .weight = trial.Floats(kN),
               .sums = {},
               .normed = std::vector<float>(kRows * kN)};
  rows.sums = rows.x;
  AddTo(kRows * kN, rows.addend.data(), rows.sums.data());
  for (size_t r = 0; r < kRows; ++r) {
    trial.cpu().rms_norm(kN, rows.sums.data() + r * kN, rows.weight.data(), kEps,
                         rows.normed.data() + r * kN);
  }
  return rows;
}

gpu::RowArguments ArgumentsOf(size_t q_stride) {
  return {.n = kN,
          .padded_n = U32(Base3PaddedK(kN)),
          .group = 0,
          .adds = 1,
          .norms = 1,
          .x_stride = kN,
          .addend_stride = kN,
          .q_stride = U32(q_stride),
          .eps = kEps};
}

}  // namespace

void TryAddRows(KernelTrial& trial) {
  const Rows rows = MakeRows(trial);
  float* x = trial.Put(rows.x);
  trial.Run({kRows, 1, 1}, {x, trial.Put(rows.addend)}, ArgumentsOf(kN));
  trial.Expect(x, rows.sums);
}

void TryNormRow(KernelTrial& trial) {
  const Rows rows = MakeRows(trial);
  float* x = trial.Put(rows.x);
  float* y = trial.Room<float>(kRows * kN);
  trial.Run({kRows, 1, 1}, {x, trial.Put(rows.addend), trial.Put(rows.weight), y}, ArgumentsOf(kN));
  trial.Expect(x, rows.sums);
  trial.Expect(y, rows.normed);
}

void TryNormQuantize(KernelTrial& trial) {
  constexpr size_t kStride = Base3PaddedK(kN);
  const Rows rows = MakeRows(trial);
  std::vector<int8_t> q(kRows * kStride);
  std::vector<float> scales;
  std::vector<int32_t> sums;
  for (size_t r = 0; r < kRows; ++r) {
    const QuantizedRow row = trial.cpu().quantize(kN, rows.normed.data() + r * kN, q.data() + r * kStride);
    scales.push_back(row.scale);
    sums.push_back(row.sum);
  }
  float* x = trial.Put(rows.x);
  int8_t* device_q = trial.Room<int8_t>(q.size());
  float* device_scales = trial.Room<float>(kRows);
  int32_t* device_sums = trial.Room<int32_t>(kRows);
  trial.Run({kRows, 1, 1},
            {x, trial.Put(rows.addend), trial.Put(rows.weight), device_q, device_scales, device_sums},
            ArgumentsOf(kStride));
  trial.Expect(x, rows.sums);
  trial.Expect(device_q, q);
  trial.Expect(device_scales, scales);
  trial.Expect(device_sums, sums);
}

void TryNormHeads(KernelTrial& trial) {
  constexpr uint32_t kTokens = 2, kHeads = 2, kKvHeads = 1, kHeadDim = 40;
  std::vector<float> query = trial.Floats(kTokens * kHeads * kHeadDim);
  std::vector<float> key = trial.Floats(kTokens * kKvHeads * kHeadDim);
  const std::vector<float> query_weight = trial.Floats(kHeadDim), key_weight = trial.Floats(kHeadDim);
  float* device_query = trial.Put(query);
  float* device_key = trial.Put(key);
  trial.Run({kHeads + kKvHeads, kTokens, 1},
            {device_query, device_key, trial.Put(query_weight), trial.Put(key_weight)},
            gpu::HeadNormArguments{.head_dim = kHeadDim,
                                   .num_heads = kHeads,
                                   .query_stride = kHeads * kHeadDim,
                                   .kv_stride = kKvHeads * kHeadDim,
                                   .eps = kEps});
  const auto norm = [&](std::vector<float>& heads, const std::vector<float>& weight) {
    for (size_t at = 0; at < heads.size(); at += kHeadDim) {
      trial.cpu().rms_norm(kHeadDim, heads.data() + at, weight.data(), kEps, heads.data() + at);
    }
  };
  norm(query, query_weight);
  norm(key, key_weight);
  trial.Expect(device_query, query);
  trial.Expect(device_key, key);
}

void TryGateRows(KernelTrial& trial) {
  for (const uint32_t activation : {gpu::kSquaredRelu, gpu::kSilu}) {
    std::vector<float> gate = trial.Floats(kN);
    // Past the end of exp, and what begins its last step.
    const float special[] = {-88.0f, 88.0f, -87.3f, 87.3f, -0.0f};
    std::ranges::copy(special, gate.begin());
    const std::vector<float> up = trial.Floats(kN);
    float* device_gate = trial.Put(gate);
    trial.Run({NumPieces(kN, gpu::kSimdLanes), 1, 1}, {device_gate, trial.Put(up)},
              gpu::GateArguments{.n = kN, .activation = activation});
    (activation == gpu::kSilu ? SiluGate : SquaredReluGate)(kN, gate.data(), up.data(), gate.data());
    trial.Expect(device_gate, gate);
  }
}

void TryQuantizeGroups(KernelTrial& trial) {
  // More groups than a threadgroup has SIMD groups, longer than one.
  constexpr size_t kGroup = 48, kGroups = gpu::kRowSimdgroups + 1, kRowSize = kGroup * kGroups;
  const std::vector<float> x = trial.Floats(kRows * kRowSize);
  std::vector<int8_t> q(x.size());
  std::vector<float> inverses(kRows * kGroups);
  std::vector<int32_t> sums(kRows * kGroups);
  for (size_t r = 0; r < kRows; ++r) {
    trial.cpu().quantize_groups(kRowSize, kGroup, x.data() + r * kRowSize, q.data() + r * kRowSize,
                                inverses.data() + r * kGroups, sums.data() + r * kGroups);
  }
  gpu::RowArguments arguments = {};
  arguments.n = arguments.x_stride = arguments.q_stride = kRowSize;
  arguments.group = kGroup;
  int8_t* device_q = trial.Room<int8_t>(q.size());
  float* device_inverses = trial.Room<float>(inverses.size());
  int32_t* device_sums = trial.Room<int32_t>(sums.size());
  trial.Run({kRows, 1, 1}, {trial.Put(x), device_q, device_inverses, device_sums}, arguments);
  trial.Expect(device_q, q);
  trial.Expect(device_inverses, inverses);
  trial.Expect(device_sums, sums);
}

}  // namespace bitnet
