// The adapters of a running engine.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "engine/adapters/adapter.h"
#include "engine/adapters/adapter_lease.h"
#include "engine/generation.h"

namespace bitnet {

struct AdapterInfo {
  std::string name;
  std::string path;
  size_t bytes = 0;  // In memory.
  size_t max_rank = 0;
  size_t num_pairs = 0;
};

// Adapters by name, in the order in which they came. An adapter is owned together with the requests that use
// it: one that is removed serves these to their end, and no one waits. It counts as memory until then. Any
// thread may call anything.
class AdapterRegistry {
 public:
  AdapterRegistry(size_t max_adapters, size_t max_bytes)
      : max_adapters_(max_adapters), max_bytes_(max_bytes) {}

  // What Add would say of this name, and the bytes there is room for: asked before a file is read.
  // ALREADY_EXISTS: the name is taken; INVALID_ARGUMENT: it is empty, longer than 128 or has characters other
  // than letters, digits and "._-/:"; RESOURCE_EXHAUSTED: there are max_adapters.
  absl::StatusOr<size_t> RoomFor(std::string_view name) const;
  // RESOURCE_EXHAUSTED also if it takes more than there is room for.
  absl::Status Add(std::string_view name, std::string path, std::shared_ptr<const Adapter> adapter);
  // NOT_FOUND names those that there are.
  absl::Status Remove(std::string_view name);
  // All that a request names, or NOT_FOUND as above.
  absl::StatusOr<AdapterLease> Lease(std::span<const AdapterUse> uses) const;

  std::vector<AdapterInfo> list() const;

 private:
  struct Entry {
    AdapterInfo info;
    std::shared_ptr<const Adapter> adapter;
  };

  absl::StatusOr<size_t> RoomForLocked(std::string_view name) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  absl::Status NotFound(std::string_view name) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  const size_t max_adapters_;
  const size_t max_bytes_;
  mutable absl::Mutex mutex_;
  std::vector<Entry> entries_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::weak_ptr<const Adapter>> removed_ ABSL_GUARDED_BY(mutex_);  // Maybe still in use.
};

}  // namespace bitnet
