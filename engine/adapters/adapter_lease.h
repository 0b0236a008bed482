// The adapters that one request uses, kept loaded for it.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "engine/adapters/adapter.h"

namespace bitnet {

// An adapter belongs to the registry and to all leases of it, whoever is last: only so can it be unloaded
// without waiting for those who use it.
class AdapterLease {
 public:
  void Add(std::shared_ptr<const Adapter> adapter, float scale) {
    list_.push_back({adapter.get(), scale});
    owners_.push_back(std::move(adapter));
  }

  // At the same address while the lease is not changed or moved.
  std::span<const ActiveAdapter> list() const { return list_; }

 private:
  std::vector<std::shared_ptr<const Adapter>> owners_;
  std::vector<ActiveAdapter> list_;
};

}  // namespace bitnet
