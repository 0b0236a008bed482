// Looks at every access to memory that an emulated kernel makes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/kernels/metal/emulator/threadgroup.h"

namespace bitnet::emulation {

// Memory that a kernel was given.
struct Region {
  std::string name;
  const std::byte* begin = nullptr;
  size_t size = 0;
  size_t margin = 0;  // Bytes on either side that belong to it and may not be touched.
  bool writable = false;
  bool shared = false;  // Memory of the threadgroup; else of the device.
};

// Kernels are compiled with -fsanitize=thread, of which only the calls before loads and stores are wanted:
// they come here. Found are
//   - accesses outside of a region, and such that are not aligned to their size;
//   - reads of a threadgroup's memory that none of its lanes has written;
//   - races: two lanes that use the same byte, one of them writing, with no barrier between that orders
//     them. Of a launch's threadgroups nothing orders any.
// An access to what is no region, nor on the lane's stack, nor a constant of the program ends the process.
class MemoryWatch {
 public:
  MemoryWatch();
  ~MemoryWatch();
  MemoryWatch(const MemoryWatch&) = delete;

  void Add(Region region);
  // Before each threadgroup, whose memory is then unwritten.
  void BeginThreadgroup(uint32_t number);

  // What was found, the first few, a line each; "" if nothing was.
  const std::string& faults() const { return faults_; }

  // Called by the instrumented code for the watch of this thread; ignored where there is none.
  static void OnAccess(const void* address, size_t size, bool write);

 private:
  // By whom and when a byte was used.
  struct Access {
    uint32_t threadgroup = 0;  // From 1; 0: never.
    uint32_t lane = 0;
    uint32_t group_order = 0, simd_order = 0;
  };
  struct ByteHistory {
    Access write;
    std::array<Access, 2> reads;  // The last one, and the last one by another lane.
  };
  static constexpr size_t kPageBytes = 1024;
  using Page = std::array<ByteHistory, kPageBytes>;
  struct Watched {
    Region region;
    std::vector<std::unique_ptr<Page>> pages;  // Made when first used; none where nothing is written.
  };

  void Check(Watched& watched, size_t offset, size_t size, bool write);
  Access Now(const Region& region) const;
  static bool Ordered(const Region& region, const Access& before, const Access& now);
  static std::string Describe(const Access& access);
  void Fault(const std::string& text);

  std::vector<Watched> watched_;
  uint32_t threadgroup_ = 0;
  std::string faults_;
  int num_faults_ = 0;
};

}  // namespace bitnet::emulation
