#include "engine/weights/locked_memory.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_format.h"
#include "engine/model_cost.h"

namespace bitnet {
namespace {

constexpr double kMiB = 1 << 20;

void LockMatrix(const Matrix& matrix, LockedMemory& memory) {
  if (matrix.codes != nullptr) {
    memory.Lock(std::span(matrix.codes, static_cast<size_t>(MatrixBytes(matrix))));
  }
}

}  // namespace

LockedMemory::~LockedMemory() {
  for (const std::span<const uint8_t> memory : locked_) {
    munlock(memory.data(), memory.size());
  }
}

void LockedMemory::Lock(std::span<const uint8_t> memory) {
  if (mlock(memory.data(), memory.size()) == 0) {
    locked_.push_back(memory);
    bytes_ += memory.size();
  } else if (problem_.empty()) {
    problem_ =
        absl::StrFormat("%.1f MiB: %s", static_cast<double>(memory.size()) / kMiB, std::strerror(errno));
  }
}

LockedMemory LockWeights(const ModelWeights& weights) {
  LockedMemory memory;
  LockMatrix(weights.head, memory);
  if (weights.screen.present()) {
    LockMatrix(weights.screen.copy, memory);
  }
  for (const LayerWeights& layer : weights.layers) {
    for (const Linear* linear : layer.linears()) {
      LockMatrix(linear->matrix, memory);
    }
  }
  if (weights.sparse.present()) {
    memory.Lock(weights.sparse.codes.span());
  }
  return memory;
}

}  // namespace bitnet
