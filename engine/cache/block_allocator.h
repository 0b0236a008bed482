// Hands out the numbered blocks of the KV cache.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/cache/block_list.h"

namespace bitnet {

// Every block in use has a count of the sequences that hold it; at zero it is free. Free blocks are one list,
// in the order in which they will be given out: what nobody can use again first, what was worth keeping after
// that, longest unused first (the free queue of vLLM's automatic prefix caching). So a block that is kept can
// be shared again until the day there is no other.
class BlockAllocator {
 public:
  explicit BlockAllocator(int num_blocks);

  int num_blocks() const { return static_cast<int>(references_.size()); }
  int num_free() const { return free_.size(); }

  // The next free block, now with one reference. num_free() must not be 0.
  int32_t Allocate();
  // One reference more; the block may be free.
  void Share(int32_t block);
  // One reference less. A block that is free by this is the next to be given out, or, if its content is to be
  // `kept`, the last.
  void Release(int32_t block, bool kept = false);

 private:
  BlockList free_;
  std::vector<int32_t> references_;
};

}  // namespace bitnet
