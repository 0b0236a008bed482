// The answers that are being streamed, for the end of the server.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace bitnet {

struct WorkerLink;

// A call that can be acted on from outside.
class RunningCall {
 public:
  virtual ~RunningCall() = default;
  // Ends it with `status` after what is ready has been written. Any thread; no effect on one that has ended.
  virtual void End(const absl::Status& status) = 0;
  // If it runs on the worker at `link`: goes on with another one. Any thread.
  virtual void MoveFrom(const WorkerLink& link) = 0;
};

// Safe to share between threads.
class CallRegistry {
 public:
  // Held by whatever owns a grpc::ClientContext of a callback call, as a member before it, so that it goes
  // after it. A context may hold the last reference to its channel, and the last channel takes down the
  // threads that gRPC's callbacks run on: on one of those threads, which must not wait for itself, gRPC
  // aborts. So the front waits for these before it lets go of the server.
  class ClientCall {
   public:
    explicit ClientCall(CallRegistry* registry);
    ClientCall(const ClientCall&) = delete;
    ClientCall& operator=(const ClientCall&) = delete;
    ~ClientCall();

   private:
    CallRegistry* const registry_;
  };

  // UNAVAILABLE once it is closed: the server is shutting down.
  absl::Status CheckOpen() const;
  // As CheckOpen, and counts the call until Leave.
  absl::Status Enter(std::shared_ptr<RunningCall> call);
  void Leave(const RunningCall* call);

  // From now on no call enters.
  void Close();
  // Waits until all calls have left, `deadline` has come, or Hurry was called; true in the first case.
  bool AwaitEmpty(absl::Time deadline);
  // Ends every AwaitEmpty, now and later.
  void Hurry();
  // Waits until no ClientCall is left or `deadline` has come; true in the first case.
  bool AwaitNoClientCalls(absl::Time deadline);
  void EndAll(const absl::Status& status);
  void MoveAll(const WorkerLink& link);
  size_t size() const;

 private:
  std::vector<std::shared_ptr<RunningCall>> Snapshot() const;

  mutable absl::Mutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool hurry_ ABSL_GUARDED_BY(mutex_) = false;
  int client_calls_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::shared_ptr<RunningCall>> calls_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace bitnet
