// How much memory the code under test asks for: a file must not take more than its size justifies.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bitnet {

// Counts what this thread's operator new gives while one lives; no two at once. Only on Linux: elsewhere all
// counts are 0.
class AllocationMeter {
 public:
  AllocationMeter();

  // Bytes since the beginning, given back or not.
  uint64_t allocated() const;
  // The most that was held at once, beyond what there was at the beginning.
  uint64_t peak() const;
  // Whether a file of `file_bytes` may take as much as was held at once.
  bool IsJustifiedBy(size_t file_bytes) const;

 private:
  int64_t allocated_before_;
  int64_t held_before_;
};

}  // namespace bitnet
