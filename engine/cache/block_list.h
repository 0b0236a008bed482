// A list of numbered blocks from which any can be taken in constant time.
#pragma once

#include <cassert>
#include <cstdint>
#include <vector>

namespace bitnet {

// Doubly linked through arrays, in a ring that one more number, the end, closes: nothing is allocated after
// construction. A block is in the list at most once.
class BlockList {
 public:
  // Empty.
  explicit BlockList(int num_blocks) : end_(num_blocks), next_(num_blocks + 1), previous_(num_blocks + 1) {
    next_[end_] = previous_[end_] = end_;
  }

  int size() const { return size_; }
  int32_t front() const {
    assert(size_ > 0);
    return next_[end_];
  }
  void PushFront(int32_t block) { Link(end_, block, next_[end_]); }
  void PushBack(int32_t block) { Link(previous_[end_], block, end_); }
  // `block` is in the list.
  void Remove(int32_t block) {
    next_[previous_[block]] = next_[block];
    previous_[next_[block]] = previous_[block];
    --size_;
  }

 private:
  void Link(int32_t before, int32_t block, int32_t after) {
    previous_[block] = before;
    next_[block] = after;
    next_[before] = block;
    previous_[after] = block;
    ++size_;
  }

  const int32_t end_;
  int size_ = 0;
  std::vector<int32_t> next_;
  std::vector<int32_t> previous_;
};

}  // namespace bitnet
