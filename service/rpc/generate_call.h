// One Generate request, from its arrival to its last message.
#pragma once

#include <grpcpp/client_context.h>
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
#include "service/rpc/serving.h"
#include "service/rpc/worker_stream.h"

namespace bitnet {

// Checks the request, has a worker make tokens of its prompt, has the worker generate, and relays. Three
// parties act on it at any time: the client (cancels, takes messages), the worker (sends events, dies) and
// the front (ends calls when it stops). Each takes the lock, notes what happened, and calls Pump, which alone
// decides what is written next; so there is one write at a time and exactly one Finish.
//
// It lives until gRPC and the worker's stream are both done with it.
class GenerateCall final : public grpc::ServerWriteReactor<v1::GenerateResponse>,
                           public RunningCall,
                           private WorkerStream::Listener,
                           public std::enable_shared_from_this<GenerateCall> {
 public:
  // `context` and `request` are gRPC's, good until it has finished; `serving` outlives it.
  static grpc::ServerWriteReactor<v1::GenerateResponse>* Start(grpc::CallbackServerContext* context,
                                                               const v1::GenerateRequest* request,
                                                               const Serving& serving);

  void End(const absl::Status& status) override;

 private:
  GenerateCall(grpc::CallbackServerContext* context, const v1::GenerateRequest* request,
               const Serving& serving);

  // From gRPC, on the client's side.
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;
  // From gRPC, on the worker's side.
  void OnTokenized(const grpc::Status& status);
  void OnStreamEvent(const worker::v1::GenerateResponse& event) override;
  void OnStreamDone(const grpc::Status& status) override;

  absl::Status Admit() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Tokenize() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Dispatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The worker has taken the request. Only now the client hears of it: until the first response a client's
  // gRPC may try again elsewhere by itself.
  void Accept() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddToken(const worker::v1::GeneratedToken& token) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddFinished(v1::FinishReason reason, const v1::Usage& usage) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  v1::Usage OwnUsage() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // The call ends with `status` once everything before it is written; the first one counts.
  void EndWith(grpc::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StopWorker() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Pump() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FinishWith(const grpc::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string Progress() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  grpc::CallbackServerContext* const context_;
  const v1::GenerateRequest request_;
  const Serving serving_;
  const absl::Time arrived_;
  const std::string request_id_;

  absl::Mutex mutex_;
  std::shared_ptr<GenerateCall> self_ ABSL_GUARDED_BY(mutex_);  // gRPC's reference, until OnDone.

  // On the way to a worker.
  v1::Model model_ ABSL_GUARDED_BY(mutex_);
  Admission::Place place_ ABSL_GUARDED_BY(mutex_);
  WorkerLease worker_ ABSL_GUARDED_BY(mutex_);
  std::string worker_name_ ABSL_GUARDED_BY(mutex_);
  const CallRegistry::ClientCall tokenize_call_;  // Goes after the context.
  grpc::ClientContext tokenize_context_;
  v1::TokenizeRequest tokenize_request_;
  v1::TokenizeResponse tokens_;
  worker::v1::GenerateRequest dispatched_ ABSL_GUARDED_BY(mutex_);
  uint32_t prompt_tokens_ ABSL_GUARDED_BY(mutex_) = 0;

  // While it generates.
  WorkerStream* stream_ ABSL_GUARDED_BY(mutex_) = nullptr;  // Owns itself; set to null by OnStreamDone.
  AnswerText answer_ ABSL_GUARDED_BY(mutex_);
  bool accepted_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time dispatched_at_ ABSL_GUARDED_BY(mutex_);
  absl::Time first_token_at_ ABSL_GUARDED_BY(mutex_);
  absl::Time last_token_at_ ABSL_GUARDED_BY(mutex_);

  // Towards the client, in the order in which it is sent.
  std::optional<v1::Started> started_ ABSL_GUARDED_BY(mutex_);
  std::optional<v1::Delta> delta_ ABSL_GUARDED_BY(mutex_);  // All that came while a write was under way.
  std::optional<v1::Finished> finished_ ABSL_GUARDED_BY(mutex_);
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mutex_);
  v1::GenerateResponse writing_ ABSL_GUARDED_BY(mutex_);  // gRPC's while write_in_flight_.
  bool write_in_flight_ ABSL_GUARDED_BY(mutex_) = false;
  bool client_gone_ ABSL_GUARDED_BY(mutex_) = false;
  bool finish_called_ ABSL_GUARDED_BY(mutex_) = false;
  absl::StatusCode final_code_ ABSL_GUARDED_BY(mutex_) = absl::StatusCode::kOk;
};

}  // namespace bitnet
