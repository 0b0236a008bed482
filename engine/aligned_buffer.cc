#include "engine/aligned_buffer.h"

#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace bitnet {
namespace {

constexpr size_t kHugePageBytes = size_t{2} << 20;
constexpr size_t kHugeFromBytes = 2 * kHugePageBytes;  // Below, aligning would waste more than it saves.

std::align_val_t Alignment(size_t bytes) {
  return std::align_val_t(bytes >= kHugeFromBytes ? kHugePageBytes : 64);
}

}  // namespace

void* AllocateAligned(size_t bytes) {
  void* memory = ::operator new(bytes, Alignment(bytes));
#if defined(__linux__)
  if (bytes >= kHugeFromBytes) {
    madvise(memory, bytes, MADV_HUGEPAGE);  // A wish: where it fails, small pages do.
  }
#endif
  return memory;
}

void FreeAligned(void* memory, size_t bytes) { ::operator delete(memory, Alignment(bytes)); }

}  // namespace bitnet
