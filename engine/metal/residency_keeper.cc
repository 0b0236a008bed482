#include "engine/metal/residency_keeper.h"

#include "absl/strings/str_cat.h"

namespace bitnet {

absl::Status ResidencyKeeper::Start(const MtlDevice& device, const MtlCommandQueue& queue) {
  if (!device.HasResidencySets()) return absl::OkStatus();
  const MtlResidencySetDescriptor descriptor = MtlResidencySetDescriptor::New(&runtime_);
  NsError error;
  set_ = device.newResidencySetWithDescriptor(descriptor, error);
  descriptor.Release();
  if (!set_) {
    return absl::InternalError(absl::StrCat("Metal makes no residency set: ", error.Description()));
  }
  queue.addResidencySet(set_);
  thread_ = std::thread([this] { Loop(); });
  return absl::OkStatus();
}

void ResidencyKeeper::Stop() {
  if (!thread_.joinable()) return;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
  set_.Release();
}

void ResidencyKeeper::Add(const MtlBuffer& buffer) {
  if (!set_) return;
  absl::MutexLock lock(&mutex_);
  set_.addAllocation(buffer);
  set_.commit();
  set_.requestResidency();
}

void ResidencyKeeper::Touch() {
  absl::MutexLock lock(&mutex_);
  last_step_ = absl::Now();
}

void ResidencyKeeper::Loop() {
  absl::MutexLock lock(&mutex_);
  while (!mutex_.AwaitWithTimeout(absl::Condition(&stopping_), options_.interval)) {
    if (absl::Now() - last_step_ > options_.keep_warm) continue;
    const AutoreleasePool pool(runtime_);
    set_.requestResidency();
  }
}

}  // namespace bitnet
