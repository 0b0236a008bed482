#include "engine/metal/gpu_memory.h"

#include <algorithm>
#include <cassert>

#include "base/status_macros.h"

namespace bitnet {

void GpuMemory::Add(const void* begin, size_t bytes) {
  if (bytes == 0) return;
  const auto at = reinterpret_cast<uintptr_t>(begin);
  const uintptr_t page = device_->page_bytes();
  regions_.push_back({.begin = at / page * page, .end = (at + bytes + page - 1) / page * page});
}

absl::Status GpuMemory::Share() {
  std::ranges::sort(regions_, {}, &Region::begin);
  std::vector<Region> merged;
  for (const Region& region : regions_) {
    if (!merged.empty() && region.begin <= merged.back().end) {
      merged.back().end = std::max(merged.back().end, region.end);
    } else {
      merged.push_back(region);
    }
  }
  regions_ = std::move(merged);
  for (Region& region : regions_) {
    ASSIGN_OR_RETURN(region.buffer,
                     device_->Share({reinterpret_cast<std::byte*>(region.begin), region.end - region.begin}));
  }
  return absl::OkStatus();
}

GpuRange GpuMemory::RangeOf(const void* pointer) const {
  const auto at = reinterpret_cast<uintptr_t>(pointer);
  const auto after = std::ranges::upper_bound(regions_, at, {}, &Region::begin);
  assert(after != regions_.begin() && at < std::prev(after)->end);
  return {.buffer = std::prev(after)->buffer, .offset = at - std::prev(after)->begin};
}

const std::byte* GpuMemory::BeginOf(uint32_t buffer) const {
  const auto found = std::ranges::find(regions_, buffer, &Region::buffer);
  assert(found != regions_.end());
  return reinterpret_cast<const std::byte*>(found->begin);
}

}  // namespace bitnet
