// What -fsanitize=thread has code call before it reads or writes memory. The run-time library that goes with
// it is not linked: these are its functions, as GCC and Clang know them.
#include <cstddef>

#include "tests/kernels/metal/emulator/memory_watch.h"

using bitnet::emulation::MemoryWatch;

extern "C" {
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}

void __tsan_read1(void* p) { MemoryWatch::OnAccess(p, 1, false); }
void __tsan_read2(void* p) { MemoryWatch::OnAccess(p, 2, false); }
void __tsan_read4(void* p) { MemoryWatch::OnAccess(p, 4, false); }
void __tsan_read8(void* p) { MemoryWatch::OnAccess(p, 8, false); }
void __tsan_read16(void* p) { MemoryWatch::OnAccess(p, 16, false); }
void __tsan_write1(void* p) { MemoryWatch::OnAccess(p, 1, true); }
void __tsan_write2(void* p) { MemoryWatch::OnAccess(p, 2, true); }
void __tsan_write4(void* p) { MemoryWatch::OnAccess(p, 4, true); }
void __tsan_write8(void* p) { MemoryWatch::OnAccess(p, 8, true); }
void __tsan_write16(void* p) { MemoryWatch::OnAccess(p, 16, true); }

// Of types whose alignment is less than their size: element by element is as strict as it may be.
void __tsan_read_range(void* p, size_t size) {
  for (size_t i = 0; i < size; ++i) MemoryWatch::OnAccess(static_cast<std::byte*>(p) + i, 1, false);
}
void __tsan_write_range(void* p, size_t size) {
  for (size_t i = 0; i < size; ++i) MemoryWatch::OnAccess(static_cast<std::byte*>(p) + i, 1, true);
}
void __tsan_unaligned_read2(void* p) { __tsan_read_range(p, 2); }
void __tsan_unaligned_read4(void* p) { __tsan_read_range(p, 4); }
void __tsan_unaligned_read8(void* p) { __tsan_read_range(p, 8); }
void __tsan_unaligned_read16(void* p) { __tsan_read_range(p, 16); }
void __tsan_unaligned_write2(void* p) { __tsan_write_range(p, 2); }
void __tsan_unaligned_write4(void* p) { __tsan_write_range(p, 4); }
void __tsan_unaligned_write8(void* p) { __tsan_write_range(p, 8); }
void __tsan_unaligned_write16(void* p) { __tsan_write_range(p, 16); }
}
