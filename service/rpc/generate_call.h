// One Generate request, from its arrival to its last message.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "proto/bitnet/v1/inference.grpc.pb.h"
#include "service/rpc/answer_text.h"
#include "service/rpc/generation.h"
#include "service/rpc/outbox.h"
#include "service/rpc/serving.h"

namespace bitnet {

// Checks the request, has its answer generated, makes text of it, and relays. Four parties act on it at any
// time: the client (cancels, takes messages), the generation (brings tokens, fails), the front (ends calls
// when it stops) and the clock (ends answers whose time is over). Each takes the lock, notes what happened,
// and calls Pump, which alone decides what is written next; so there is one write at a time and exactly one
// Finish.
//
// It lives until gRPC and the generation are both done with it.
class GenerateCall final : public grpc::ServerWriteReactor<v1::GenerateResponse>,
                           public RunningCall,
                           private Generation::Owner,
                           private TimerQueue::Sleeper,
                           public std::enable_shared_from_this<GenerateCall> {
 public:
  // `context` and `request` are gRPC's, good until it has finished; `serving` outlives it.
  static grpc::ServerWriteReactor<v1::GenerateResponse>* Start(grpc::CallbackServerContext* context,
                                                               const v1::GenerateRequest* request,
                                                               const Serving& serving);

  void End(const absl::Status& status) override;
  void MoveFrom(const WorkerLink& link) override;

 private:
  GenerateCall(grpc::CallbackServerContext* context, v1::GenerateRequest request, const Serving& serving,
               Authenticator::Admitted caller);

  // From gRPC.
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;
  // From the timers.
  void OnTimer() override;
  // From the generation, under the lock.
  absl::Status OnPrepared() override;
  bool OnToken(const worker::v1::GeneratedToken& token) override;
  void OnFinished(v1::FinishReason reason, const v1::Usage& usage) override;
  void OnFailed(const absl::Status& status) override;

  absl::Status Admit() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // A worker has begun to answer, or has the request and takes its time. Only now the client hears of it:
  // until the first response a client's gRPC may try again elsewhere by itself.
  void Accept() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The answer is complete.
  void Complete(v1::FinishReason reason, const v1::Usage& usage) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The call ends with `status` once everything before it is written; the first one counts.
  void EndWith(absl::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Its time is over: the answer ends with what there is.
  void EndAtLimit() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Beat(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The client takes nothing. It may still read that it was given up; at the second time the stream is cut.
  void GiveUpReader(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Has OnTimer called when something is due.
  void SetTimer() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StopWork() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Pump() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What the call of a client that is gone counts as.
  absl::Status WhyGone() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FinishWith(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Into the trailers, for clients that balance by load.
  void AddLoadReport() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  grpc::CallbackServerContext* const context_;
  const v1::GenerateRequest request_;
  const Serving serving_;
  const Authenticator::Admitted caller_;
  const absl::Time arrived_;
  const std::string request_id_;

  absl::Mutex mutex_;
  std::shared_ptr<GenerateCall> self_ ABSL_GUARDED_BY(mutex_);  // gRPC's reference, until OnDone.

  ServedModel* served_ ABSL_GUARDED_BY(mutex_) = nullptr;  // From Admit on, if it found one.
  Admission::Place place_ ABSL_GUARDED_BY(mutex_);
  Generation generation_ ABSL_GUARDED_BY(mutex_);
  AnswerText answer_ ABSL_GUARDED_BY(mutex_);
  bool accepted_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time last_token_at_ ABSL_GUARDED_BY(mutex_);

  CallTimes times_ ABSL_GUARDED_BY(mutex_);
  absl::Time timer_at_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();

  // Towards the client.
  Outbox outbox_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);  // How it ends once the outbox is empty.
  v1::GenerateResponse writing_ ABSL_GUARDED_BY(mutex_);     // gRPC's while write_in_flight_.
  bool write_in_flight_ ABSL_GUARDED_BY(mutex_) = false;
  bool reader_given_up_ ABSL_GUARDED_BY(mutex_) = false;
  bool client_gone_ ABSL_GUARDED_BY(mutex_) = false;
  bool finish_called_ ABSL_GUARDED_BY(mutex_) = false;
  absl::StatusCode final_code_ ABSL_GUARDED_BY(mutex_) = absl::StatusCode::kOk;
};

}  // namespace bitnet
