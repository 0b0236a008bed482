#include "bench/kernels/register.h"
#include "kernels/attention/attention.h"

namespace bitnet {
namespace {

constexpr size_t kBlockTokens = 32;

void Run(benchmark::State& state, const AttentionKernel& kernel, size_t head_dim, size_t num_keys) {
  const size_t block_size = kBlockTokens * head_dim;
  const size_t num_blocks = (num_keys + kBlockTokens - 1) / kBlockTokens;
  const std::vector<float> keys = RandomFloats(num_blocks * block_size);
  const std::vector<float> values = RandomFloats(num_blocks * block_size + 1);
  const std::vector<float> query = RandomFloats(head_dim);
  std::vector<const float*> key_blocks, value_blocks;
  for (size_t i = 0; i < num_blocks; ++i) {
    key_blocks.push_back(keys.data() + i * block_size);
    value_blocks.push_back(values.data() + i * block_size);
  }
  std::vector<float> scores((num_keys + 15) / 16 * 16), out(head_dim), expected(head_dim);
  AttentionArgs args = {.head_dim = head_dim,
                        .num_keys = num_keys,
                        .block_tokens = kBlockTokens,
                        .key_blocks = key_blocks.data(),
                        .value_blocks = value_blocks.data(),
                        .head_offset = 0,
                        .query = query.data(),
                        .scale = 0.1f,
                        .scores = scores.data(),
                        .out = expected.data()};
  AttentionPortable(args);
  args.out = out.data();
  kernel.run(args);
  if (out != expected) return state.SkipWithError("differs from portable");
  for (auto _ : state) {
    kernel.run(args);
    benchmark::ClobberMemory();
  }
  const size_t elements = 2 * num_keys * head_dim;
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(elements * sizeof(float)));
  state.counters["MAC/s"] = PerSecond(static_cast<double>(elements));
}

}  // namespace

void RegisterAttention() {
  for (size_t head_dim : {64, 100, 128}) {
    for (size_t num_keys : {128, 2048}) {
      RegisterEach(AttentionKernels(), "Attention",
                   "head_dim:" + std::to_string(head_dim) + "/keys:" + std::to_string(num_keys),
                   [=](benchmark::State& state, const AttentionKernel& kernel) {
                     Run(state, kernel, head_dim, num_keys);
                   });
    }
  }
}

}  // namespace bitnet
