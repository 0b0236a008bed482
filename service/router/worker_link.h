// The connection to one running worker process, and the right to use it.
#pragma once

#include <grpcpp/channel.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "proto/bitnet/v1/admin.grpc.pb.h"
#include "proto/bitnet/worker/v1/worker.grpc.pb.h"

namespace bitnet {

// Belongs to one process: a worker that is started again gets a new one. Shared by the pool and the requests
// that run on it, since those may outlive the process. Safe to share between threads.
struct WorkerLink {
  // What ended it, if that was our doing.
  enum class End { kNone, kStalled, kRetired };

  WorkerLink(std::string worker_name, const std::string& socket_path);

  const std::string name;
  const std::shared_ptr<grpc::Channel> channel;
  const std::unique_ptr<worker::v1::WorkerService::Stub> stub;
  const std::unique_ptr<v1::AdminService::Stub> admin;
  std::atomic<int> active = 0;  // Requests that run on it, by our own count.
  std::atomic<End> end = End::kNone;
};

// One request's use of a worker: counted in `active` while it lives. An empty one holds nothing.
class WorkerLease {
 public:
  WorkerLease() = default;
  explicit WorkerLease(std::shared_ptr<WorkerLink> link) : link_(std::move(link)) { ++link_->active; }
  WorkerLease(WorkerLease&& other) noexcept : link_(std::move(other.link_)) {}
  WorkerLease& operator=(WorkerLease&& other) noexcept {
    std::swap(link_, other.link_);
    other.Release();
    return *this;
  }
  ~WorkerLease() { Release(); }

  void Release() {
    if (link_ != nullptr) {
      --link_->active;
      link_.reset();
    }
  }
  explicit operator bool() const { return link_ != nullptr; }
  const std::string& name() const { return link_->name; }
  const std::shared_ptr<WorkerLink>& link() const { return link_; }
  worker::v1::WorkerService::Stub& stub() const { return *link_->stub; }

 private:
  std::shared_ptr<WorkerLink> link_;
};

}  // namespace bitnet
