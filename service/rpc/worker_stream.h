// The stream of tokens from one worker.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <chrono>
#include <memory>

#include "proto/bitnet/worker/v1/worker.grpc.pb.h"
#include "service/rpc/call_registry.h"

namespace bitnet {

// Reads one event at a time and owns itself: it is there from Start until its listener's OnStreamDone
// returns. ReadOn, Pause, Resume and Cancel are called under one lock of the listener's, and not after
// OnStreamDone has taken it.
class WorkerStream final : private grpc::ClientReadReactor<worker::v1::GenerateResponse> {
 public:
  // Called on gRPC's threads; the last call alone, the others also while another one is under way.
  class Listener {
   public:
    virtual ~Listener() = default;
    // The worker has taken the request: it is in its queue, at least.
    virtual void OnStreamAccepted() = 0;
    // Answers with ReadOn or Pause, or with neither once it has called Cancel.
    virtual void OnStreamEvent(const worker::v1::GenerateResponse& event) = 0;
    // The last call.
    virtual void OnStreamDone(const grpc::Status& status) = 0;
  };

  // The deadline is set and not inherited from the client's call, so that its life is not bound to it either:
  // who cancels is the listener. `calls` counts it.
  static WorkerStream* Start(std::shared_ptr<Listener> listener, worker::v1::WorkerService::Stub& stub,
                             worker::v1::GenerateRequest request,
                             std::chrono::system_clock::time_point deadline, CallRegistry* calls);

  void ReadOn() { StartRead(&event_); }
  // Leaves further events with the worker until Resume, which has no effect if not paused.
  void Pause();
  void Resume();
  // OnStreamDone follows.
  void Cancel();

 private:
  WorkerStream(std::shared_ptr<Listener> listener, worker::v1::GenerateRequest request, CallRegistry* calls);

  void OnReadInitialMetadataDone(bool ok) override;
  void OnReadDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  const std::shared_ptr<Listener> listener_;
  const worker::v1::GenerateRequest request_;
  const CallRegistry::ClientCall call_;  // Goes after the context.
  grpc::ClientContext context_;
  worker::v1::GenerateResponse event_;
  bool paused_ = false;
};

}  // namespace bitnet
