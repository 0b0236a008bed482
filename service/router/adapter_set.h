// The adapters that all workers have.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "proto/bitnet/v1/admin.pb.h"
#include "service/router/worker_link.h"
#include "service/router/worker_pool.h"

namespace bitnet {

// What the workers should have is kept here; the workers are made to agree. One change happens at a time, and
// none while a worker joins, so that no worker misses one. Safe to share between threads; calls block for as
// long as workers read files.
class AdapterSet final : public WorkerPreparer {
 public:
  // Borrows `pool`, which outlives it. `first` is what workers load when they start, by their own flags.
  AdapterSet(WorkerPool* pool, std::vector<v1::Adapter> first) : pool_(pool), adapters_(std::move(first)) {}

  // As AdminService says.
  absl::StatusOr<v1::Adapter> Load(const v1::LoadAdapterRequest& request);
  absl::Status Unload(const std::string& name);
  std::vector<v1::Adapter> list() const;

  // Loads and unloads until the worker has what the others have, then joins it to them. An adapter that it
  // cannot load, a file having gone, is left out and logged: requests that name it fail there, but others are
  // served.
  absl::Status Prepare(WorkerLink& link, const std::function<void()>& join) override;

 private:
  absl::Status MakeAgree(WorkerLink& link) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Has(const std::string& name) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  WorkerPool* const pool_;
  mutable absl::Mutex mutex_;
  std::vector<v1::Adapter> adapters_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace bitnet
