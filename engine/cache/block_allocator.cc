#include "engine/cache/block_allocator.h"

#include <cassert>
#include <numeric>

namespace bitnet {

BlockAllocator::BlockAllocator(int num_blocks) : free_(num_blocks), references_(num_blocks, 0) {
  std::iota(free_.rbegin(), free_.rend(), 0);  // Block 0 goes first.
}

int32_t BlockAllocator::Allocate() {
  assert(!free_.empty());
  const int32_t block = free_.back();
  free_.pop_back();
  references_[block] = 1;
  return block;
}

void BlockAllocator::Release(int32_t block) {
  assert(references_[block] > 0);
  if (--references_[block] == 0) {
    free_.push_back(block);  // Within the capacity of the constructor: never more than all blocks.
  }
}

}  // namespace bitnet
