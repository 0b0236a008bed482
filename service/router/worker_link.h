// The connection to one running worker process, and the right to use it.
#pragma once

#include <grpcpp/channel.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "proto/bitnet/v1/admin.grpc.pb.h"
#include "proto/bitnet/worker/v1/worker.grpc.pb.h"
#include "service/router/prefill_speed.h"

namespace bitnet {

// Belongs to one process: a worker that is started again gets a new one. Shared by the pool and the requests
// that run on it, since those may outlive the process. Safe to share between threads.
struct WorkerLink {
  // What ended it, if that was our doing.
  enum class End { kNone, kStalled, kRetired };

  WorkerLink(size_t worker_index, std::string worker_name, std::string socket);

  const size_t index;  // The worker's number, the same for every process.
  const std::string name;
  const std::string socket_path;  // Its own for every process.
  const std::shared_ptr<grpc::Channel> channel;
  const std::unique_ptr<worker::v1::WorkerService::Stub> stub;
  const std::unique_ptr<v1::AdminService::Stub> admin;
  v1::Model model;  // What it has loaded; known before it joins the others, and the same from then on.
  std::atomic<int> active = 0;      // Requests that run on it, by our own count.
  std::atomic<int64_t> tokens = 0;  // What they have yet to compute, by our estimate.
  std::atomic<int> suspects = 0;    // Of those, the ones that want no other suspect beside them.
  PrefillSpeed prefill_speed;
  std::atomic<End> end = End::kNone;
};

// While somebody holds one, the file that it stands for is in use (WorkerPool).
using FileUse = std::shared_ptr<const void>;

// One request's use of a worker: counted in `active`, and its work in `tokens`, while it lives. An empty one
// holds nothing.
class WorkerLease {
 public:
  WorkerLease() = default;
  WorkerLease(std::shared_ptr<WorkerLink> link, FileUse file, int64_t tokens, bool suspect)
      : link_(std::move(link)), file_(std::move(file)), tokens_(tokens), suspect_(suspect) {
    ++link_->active;
    link_->tokens += tokens_;
    link_->suspects += suspect_ ? 1 : 0;
  }
  WorkerLease(WorkerLease&& other) noexcept
      : link_(std::move(other.link_)),
        file_(std::move(other.file_)),
        tokens_(std::exchange(other.tokens_, 0)),
        suspect_(std::exchange(other.suspect_, false)) {}
  WorkerLease& operator=(WorkerLease&& other) noexcept {
    std::swap(link_, other.link_);
    std::swap(file_, other.file_);
    std::swap(tokens_, other.tokens_);
    std::swap(suspect_, other.suspect_);
    other.Release();
    return *this;
  }
  ~WorkerLease() { Release(); }

  // So much of the work is done.
  void Done(int64_t tokens) {
    const int64_t done = std::min(tokens, tokens_);
    if (link_ != nullptr) {
      tokens_ -= done;
      link_->tokens -= done;
    }
  }
  // It got on, and is no suspect any more.
  void Clear() {
    if (std::exchange(suspect_, false)) {
      --link_->suspects;
    }
  }
  void Release() {
    if (link_ != nullptr) {
      Clear();
      --link_->active;
      link_->tokens -= std::exchange(tokens_, 0);
      link_.reset();
      file_.reset();
    }
  }
  explicit operator bool() const { return link_ != nullptr; }
  const std::string& name() const { return link_->name; }
  const std::shared_ptr<WorkerLink>& link() const { return link_; }
  const FileUse& file() const { return file_; }  // Of the worker's model.
  worker::v1::WorkerService::Stub& stub() const { return *link_->stub; }

 private:
  std::shared_ptr<WorkerLink> link_;
  FileUse file_;
  int64_t tokens_ = 0;
  bool suspect_ = false;
};

}  // namespace bitnet
