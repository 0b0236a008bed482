#include "engine/cache/block_allocator.h"

#include <cassert>

namespace bitnet {

BlockAllocator::BlockAllocator(int num_blocks) : free_(num_blocks), references_(num_blocks, 0) {
  for (int32_t block = 0; block < num_blocks; ++block) {
    free_.PushBack(block);
  }
}

int32_t BlockAllocator::Allocate() {
  const int32_t block = free_.front();
  Share(block);
  return block;
}

void BlockAllocator::Share(int32_t block) {
  if (references_[block]++ == 0) {
    free_.Remove(block);
  }
}

void BlockAllocator::Release(int32_t block, bool kept) {
  assert(references_[block] > 0);
  if (--references_[block] > 0) {
    return;
  }
  if (kept) {
    free_.PushBack(block);
  } else {
    free_.PushFront(block);  // What was written last is still in the processor's cache.
  }
}

}  // namespace bitnet
