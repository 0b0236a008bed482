// Weights that the system is asked to keep in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/weights/model_weights.h"

namespace bitnet {

// Locks pages (mlock) until it goes. A wish, as limits may forbid it: RLIMIT_MEMLOCK on Linux,
// vm.user_wire_limit on macOS.
class LockedMemory {
 public:
  LockedMemory() = default;
  LockedMemory(LockedMemory&&) noexcept = default;
  LockedMemory& operator=(LockedMemory&&) = delete;
  ~LockedMemory();

  // The pages that hold `memory`, which outlives this.
  void Lock(std::span<const uint8_t> memory);

  uint64_t bytes() const { return bytes_; }
  // Of the first that could not be locked: "512 MiB: Cannot allocate memory". Empty if all could.
  const std::string& problem() const { return problem_; }

 private:
  std::vector<std::span<const uint8_t>> locked_;
  uint64_t bytes_ = 0;
  std::string problem_;
};

// What each step reads: all matrices, in the file or packed.
LockedMemory LockWeights(const ModelWeights& weights);

}  // namespace bitnet
