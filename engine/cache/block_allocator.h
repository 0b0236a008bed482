// Hands out the numbered blocks of the KV cache.
#pragma once

#include <cstdint>
#include <vector>

namespace bitnet {

// Every block in use has a count of the sequences that hold it; at zero it is free again.
class BlockAllocator {
 public:
  explicit BlockAllocator(int num_blocks);

  int num_blocks() const { return static_cast<int>(references_.size()); }
  int num_free() const { return static_cast<int>(free_.size()); }

  // A free block, now with one reference. num_free() must not be 0.
  int32_t Allocate();
  // One reference less.
  void Release(int32_t block);

 private:
  std::vector<int32_t> free_;  // A stack: the block that was freed last is still in a cache.
  std::vector<int32_t> references_;
};

}  // namespace bitnet
