#include "tests/kernels/metal/emulator/memory_watch.h"

#include <algorithm>
#include <cassert>
#include <cstdio>
#include <cstdlib>
#include <utility>

// The linker's: where the program's code and data begin and end.
extern "C" const char __executable_start, _end;

namespace bitnet::emulation {
namespace {

constexpr int kMaxFaults = 8;

thread_local MemoryWatch* current = nullptr;

bool IsProgramData(uintptr_t address) {
  return address >= reinterpret_cast<uintptr_t>(&__executable_start) &&
         address < reinterpret_cast<uintptr_t>(&_end);
}

}  // namespace

MemoryWatch::MemoryWatch() {
  assert(current == nullptr);
  current = this;
}

MemoryWatch::~MemoryWatch() { current = nullptr; }

void MemoryWatch::Add(Region region) {
  // What may be written comes first, for memory that a kernel was given twice.
  Watched& watched = *watched_.emplace(region.writable ? watched_.begin() : watched_.end());
  if (region.writable) watched.pages.resize((region.size + kPageBytes - 1) / kPageBytes);
  watched.region = std::move(region);
}

void MemoryWatch::BeginThreadgroup(uint32_t number) { threadgroup_ = number + 1; }

void MemoryWatch::OnAccess(const void* address, size_t size, bool write) {
  // Besides kernels, the functions that list them are instrumented: then no lane runs.
  const Threadgroup* group = Threadgroup::Current();
  const auto place = reinterpret_cast<uintptr_t>(address);
  if (current == nullptr || group == nullptr || group->OnStack(place)) return;
  for (Watched& watched : current->watched_) {
    const Region& region = watched.region;
    const uintptr_t begin = reinterpret_cast<uintptr_t>(region.begin);
    if (place + region.margin >= begin && place < begin + region.size + region.margin) {
      current->Check(watched, place - begin, size, write);
      return;
    }
  }
  if (IsProgramData(place)) return;
  std::fprintf(stderr, "lane %u %s %p, far from all buffers\n%s", group->lane(), write ? "writes" : "reads",
               address, current->faults_.c_str());
  std::abort();
}

// `offset` wraps before the region.
void MemoryWatch::Check(Watched& watched, size_t offset, size_t size, bool write) {
  const Region& region = watched.region;
  const auto fault = [&](const std::string& why) {
    Fault(std::string(write ? "a write of " : "a read of ") + std::to_string(size) + " bytes at " +
          std::to_string(static_cast<ptrdiff_t>(offset)) + " of " + region.name + why);
  };
  if (offset >= region.size || size > region.size - offset) {
    return fault(", which has " + std::to_string(region.size));
  }
  if (reinterpret_cast<uintptr_t>(region.begin + offset) % size != 0) return fault(", which is not aligned");
  if (write && !region.writable) return fault(", which is an input");
  if (!region.writable) return;
  const Access now = Now(region);
  for (size_t i = offset; i < offset + size; ++i) {
    std::unique_ptr<Page>& page = watched.pages[i / kPageBytes];
    if (page == nullptr) page = std::make_unique<Page>();
    ByteHistory& history = (*page)[i % kPageBytes];
    if (region.shared && !write && history.write.threadgroup != now.threadgroup) {
      return fault(" that nobody has written");
    }
    if (!Ordered(region, history.write, now)) return fault(Describe(history.write));
    if (write) {
      for (const Access& read : history.reads) {
        if (!Ordered(region, read, now)) return fault(Describe(read));
      }
      history = {.write = now, .reads = {}};
      continue;
    }
    const Access last = history.reads[0];
    if (last.lane != now.lane || last.threadgroup != now.threadgroup) history.reads[1] = last;
    history.reads[0] = now;
  }
}

MemoryWatch::Access MemoryWatch::Now(const Region& region) const {
  const Threadgroup& group = *Threadgroup::Current();
  const Order& order = group.order();
  return {.threadgroup = threadgroup_,
          .lane = group.lane(),
          .group_order = region.shared ? order.group_shared : order.group_device,
          .simd_order = region.shared ? order.simd_shared : order.simd_device};
}

bool MemoryWatch::Ordered(const Region& region, const Access& before, const Access& now) {
  if (before.threadgroup == 0) return true;
  if (before.threadgroup != now.threadgroup) return region.shared;  // Which was another one's then.
  return before.lane == now.lane || before.group_order < now.group_order ||
         (before.lane / kSimdLanes == now.lane / kSimdLanes && before.simd_order < now.simd_order);
}

std::string MemoryWatch::Describe(const Access& access) {
  return " that races with lane " + std::to_string(access.lane) + " of threadgroup " +
         std::to_string(access.threadgroup - 1);
}

void MemoryWatch::Fault(const std::string& text) {
  if (num_faults_++ >= kMaxFaults) return;
  faults_ += "threadgroup " + std::to_string(threadgroup_ - 1) + ", lane " +
             std::to_string(Threadgroup::Current()->lane()) + ": " + text + "\n";
}

}  // namespace bitnet::emulation
