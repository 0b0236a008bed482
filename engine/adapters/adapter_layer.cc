#include "engine/adapters/adapter_layer.h"

#include <algorithm>
#include <cassert>
#include <functional>

namespace bitnet {
namespace {

// B h goes through a piece of memory that stays in the first-level cache: 16 tokens by 64 rows are 4 KiB.
constexpr size_t kTileTokens = 16;
constexpr size_t kTileRows = 64;

// Distance between the rows of inner_ of one output.
constexpr size_t kInnerStride = AdapterLayer::kMaxOutputs * kMaxAdapterRank;

struct Share {
  size_t begin;
  size_t end;
};

// Every matrix is cut for itself, so that threads have equal work however many tokens want it.
Share ShareOf(size_t rows, int thread, int num_threads) {
  const auto t = static_cast<size_t>(thread);
  const auto n = static_cast<size_t>(num_threads);
  return {rows * t / n, rows * (t + 1) / n};
}

}  // namespace

AdapterLayer::AdapterLayer(FloatGemm* gemm, size_t max_tokens, ThreadPool* pool)
    : gemm_(gemm), pool_(pool), inner_(max_tokens * kInnerStride) {
  segments_.reserve(max_tokens);
}

void AdapterLayer::BeginStep() {
  num_tokens_ = 0;
  num_rounds_ = 0;
  segments_.clear();
}

void AdapterLayer::AddToken(std::span<const ActiveAdapter> adapters) {
  const size_t token = num_tokens_++;
  assert(num_tokens_ * kInnerStride <= inner_.size());
  if (adapters.empty()) {
    return;
  }
  if (!segments_.empty()) {
    Segment& last = segments_.back();
    if (last.begin + last.count == token && last.adapters.data() == adapters.data() &&
        last.adapters.size() == adapters.size()) {
      ++last.count;
      return;
    }
  }
  segments_.push_back({token, 1, adapters});
  num_rounds_ = std::max(num_rounds_, adapters.size());
}

void AdapterLayer::Run(size_t layer, const float* x, size_t x_stride, std::span<const Output> outputs) {
  assert(outputs.size() <= kMaxOutputs);
  for (size_t round = 0; round < num_rounds_; ++round) {
    pool_->RunOnAll([&](int thread) { MultiplyA(layer, round, x, x_stride, outputs, thread); });
    pool_->RunOnAll([&](int thread) { AddB(layer, round, outputs, thread); });
  }
}

void AdapterLayer::MultiplyA(size_t layer, size_t round, const float* x, size_t x_stride,
                             std::span<const Output> outputs, int thread) const {
  for (const Segment& segment : segments_) {
    for (size_t i = 0; i < outputs.size() && round < segment.adapters.size(); ++i) {
      const ActiveAdapter& active = segment.adapters[round];
      const LowRankPair* pair = active.adapter->Find(layer, outputs[i].kind);
      if (pair == nullptr) {
        continue;
      }
      const Share share = ShareOf(pair->rank, thread, pool_->num_threads());
      const size_t k = pair->a.size() / pair->rank;
      gemm_({.rows = share.end - share.begin,
             .k = k,
             .batch = segment.count,
             .w = pair->a.data() + share.begin * k,
             .x = x + segment.begin * x_stride,
             .x_stride = x_stride,
             .y = Inner(segment.begin, i) + share.begin,
             .y_stride = kInnerStride,
             .type = FloatType::kF32});
      const float scale = active.scale * pair->scale;
      for (size_t b = 0; b < segment.count; ++b) {
        float* inner = Inner(segment.begin + b, i);
        std::for_each(inner + share.begin, inner + share.end, [scale](float& value) { value *= scale; });
      }
    }
  }
}

void AdapterLayer::AddB(size_t layer, size_t round, std::span<const Output> outputs, int thread) const {
  for (const Segment& segment : segments_) {
    for (size_t i = 0; i < outputs.size() && round < segment.adapters.size(); ++i) {
      const LowRankPair* pair = segment.adapters[round].adapter->Find(layer, outputs[i].kind);
      if (pair != nullptr) {
        const Share share = ShareOf(pair->b.size() / pair->rank, thread, pool_->num_threads());
        for (size_t row = share.begin; row < share.end; row += kTileRows) {
          AddRows(*pair, segment, i, outputs[i], row, std::min(kTileRows, share.end - row));
        }
      }
    }
  }
}

void AdapterLayer::AddRows(const LowRankPair& pair, const Segment& segment, size_t i, const Output& output,
                           size_t row, size_t num_rows) const {
  float tile[kTileTokens * kTileRows];
  for (size_t done = 0; done < segment.count; done += kTileTokens) {
    const size_t token = segment.begin + done;
    const size_t batch = std::min(kTileTokens, segment.count - done);
    gemm_({.rows = num_rows,
           .k = pair.rank,
           .batch = batch,
           .w = pair.b.data() + row * pair.rank,
           .x = Inner(token, i),
           .x_stride = kInnerStride,
           .y = tile,
           .y_stride = kTileRows,
           .type = FloatType::kF32});
    for (size_t b = 0; b < batch; ++b) {
      float* y = output.y + (token + b) * output.y_stride + row;
      std::transform(y, y + num_rows, tile + b * kTileRows, y, std::plus<>());
    }
  }
}

}  // namespace bitnet
