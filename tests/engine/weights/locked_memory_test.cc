#include "engine/weights/locked_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fstream>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "engine/aligned_buffer.h"

namespace bitnet {
namespace {

// Kilobytes of this process that are locked, by /proc/self/status.
int LockedKilobytes() {
  std::ifstream status("/proc/self/status");
  for (std::string text; std::getline(status, text);) {
    absl::string_view line = text;
    int kilobytes = 0;
    if (absl::ConsumePrefix(&line, "VmLck:") && absl::ConsumeSuffix(&line, "kB") &&
        absl::SimpleAtoi(line, &kilobytes)) {
      return kilobytes;
    }
  }
  return -1;
}

TEST(LockedMemoryTest, IsLockedUntilItGoes) {
  const int before = LockedKilobytes();
  if (before < 0) GTEST_SKIP() << "this system does not tell what is locked";
  const AlignedBuffer<uint8_t> buffer(
      32 << 10);  // What every process may lock: RLIMIT_MEMLOCK is 64 KiB at least.
  {
    LockedMemory memory;
    memory.Lock(buffer.span());
    const LockedMemory moved = std::move(memory);
    EXPECT_EQ(moved.bytes(), buffer.size());
    EXPECT_EQ(moved.problem(), "");
    EXPECT_GE(LockedKilobytes(), before + 32);
  }
  EXPECT_EQ(LockedKilobytes(), before);
}

TEST(LockedMemoryTest, TellsWhatCouldNotBeLockedAndGoesOn) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* const gone = mmap(nullptr, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(gone, MAP_FAILED);
  ASSERT_EQ(munmap(gone, page), 0);
  const AlignedBuffer<uint8_t> buffer(page);
  LockedMemory memory;
  memory.Lock({static_cast<const uint8_t*>(gone), page});
  memory.Lock(buffer.span());
  EXPECT_EQ(memory.problem(), "0.0 MiB: Cannot allocate memory");
  EXPECT_EQ(memory.bytes(), page);
}

}  // namespace
}  // namespace bitnet
