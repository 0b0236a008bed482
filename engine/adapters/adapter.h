// A LoRA adapter in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "engine/adapters/projection_kind.h"

namespace bitnet {

// Bounds what a step keeps for a token between the two products. Published adapters have ranks from 4 to 256.
inline constexpr size_t kMaxAdapterRank = 1024;

// Adds scale * B (A x) to what a projection gives for x. Rows of B are in the order of the model's matrix.
struct LowRankPair {
  size_t rank = 0;       // 1 to kMaxAdapterRank.
  float scale = 1;       // As the adapter was trained: alpha / rank, or what the file says instead.
  std::vector<float> a;  // [rank, k]
  std::vector<float> b;  // [rows, rank]
};

// Filled by a reader, then immutable and safe to share between threads.
class Adapter {
 public:
  explicit Adapter(size_t num_layers);

  // No other adapter of this process has it, not even one that comes later to the same address. Not 0.
  uint64_t serial() const { return serial_; }

  // `layer` is below num_layers.
  void Set(size_t layer, ProjectionKind kind, LowRankPair pair) {
    pairs_[Index(layer, kind)] = std::move(pair);
  }

  // Null if the adapter leaves this projection as it is.
  const LowRankPair* Find(size_t layer, ProjectionKind kind) const {
    const LowRankPair& pair = pairs_[Index(layer, kind)];
    return pair.rank > 0 ? &pair : nullptr;
  }

  size_t num_pairs() const;
  size_t max_rank() const;
  size_t bytes() const;  // Of all pairs.

 private:
  static size_t Index(size_t layer, ProjectionKind kind) {
    return layer * kNumProjectionKinds + static_cast<size_t>(kind);
  }

  uint64_t serial_;
  std::vector<LowRankPair> pairs_;  // [num_layers, kNumProjectionKinds]; rank 0 where there is none.
};

// An adapter as one request uses it: `scale` multiplies that of every pair.
struct ActiveAdapter {
  const Adapter* adapter;  // Borrowed.
  float scale = 1;
};

}  // namespace bitnet
