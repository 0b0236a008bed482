// One Generate rpc of the paced worker.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "bench/front/paced_engine.h"
#include "proto/bitnet/worker/v1/worker.grpc.pb.h"
#include "worker/response_queue.h"

namespace bitnet {

// Tokens queue here while a write is under way, as in the real worker. Deletes itself when gRPC is done with
// it; the engine has let go of it by then.
class PacedCall final : public grpc::ServerWriteReactor<worker::v1::GenerateResponse>,
                        private PacedEngine::Sequence {
 public:
  // `engine` outlives it.
  static PacedCall* Start(const worker::v1::GenerateRequest& request, bool stamped, PacedEngine* engine);

 private:
  PacedCall(const worker::v1::GenerateRequest& request, bool stamped, PacedEngine* engine);

  void OnAdmitted() override;
  bool OnToken() override;

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  // The next write, or the end, unless a write is under way.
  void Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  worker::v1::GeneratedToken Token() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  worker::v1::GenerateResponse Finished() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const uint32_t attempt_;
  const uint32_t prompt_tokens_;
  const uint32_t max_tokens_;  // 0: no end.
  const bool stamped_;
  PacedEngine* const engine_;

  absl::Mutex mutex_;  // Taken after the engine's.
  uint32_t num_tokens_ ABSL_GUARDED_BY(mutex_);
  ResponseQueue queue_ ABSL_GUARDED_BY(mutex_);
  bool complete_ ABSL_GUARDED_BY(mutex_) = false;  // `finished` is in the queue, or was.
  bool gone_ ABSL_GUARDED_BY(mutex_) = false;      // The client has left.
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;     // Finish was called.
};

}  // namespace bitnet
