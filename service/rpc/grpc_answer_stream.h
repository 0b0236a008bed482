// The way of an answer to a client of the gRPC service.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "proto/bitnet/v1/inference.grpc.pb.h"
#include "service/rpc/answer_reader.h"
#include "service/rpc/answer_stream.h"
#include "service/rpc/call_times.h"
#include "service/rpc/serving.h"

namespace bitnet {

class AnswerSession;

// One call that streams an answer: writes one message at a time, and finishes exactly once. The answer tells
// it that there is more, the client takes messages or goes, and the clock finds readers that take nothing;
// each notes what happened and calls Pump, which alone decides what is written next.
//
// The answer's lock guards it. It lives until gRPC is done with it, and holds the answer as long.
class GrpcAnswerStream final : public AnswerStream,
                               public grpc::ServerWriteReactor<v1::GenerateResponse>,
                               private TimerQueue::Sleeper,
                               public std::enable_shared_from_this<GrpcAnswerStream> {
 public:
  // `method` is what it counts as, "Generate"; `context` is gRPC's, good until it has finished.
  static std::shared_ptr<GrpcAnswerStream> Make(const char* method, grpc::CallbackServerContext* context,
                                                std::shared_ptr<AnswerSession> answer, uint32_t next_index);

  // With the answer's lock held:
  // Writes what there is to write, if nothing is being written.
  void Pump() override;
  // Nothing more is written, but for the message that is under way.
  void EndWith(absl::Status status) override;
  uint32_t next_index() const override { return reader_.next_index(); }

 private:
  GrpcAnswerStream(const char* method, grpc::CallbackServerContext* context,
                   std::shared_ptr<AnswerSession> answer, uint32_t next_index);

  // From gRPC and the timers: these take the lock.
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;
  void OnTimer() override;

  void ClientGone();
  void Beat(absl::Time now);
  // The client takes nothing. It may still read that it was given up; at the second time the stream is cut.
  void GiveUpReader(absl::Time now);
  void SetTimer();
  // What the call of a client that is gone counts as.
  absl::Status WhyGone() const;
  void FinishWith(const absl::Status& status);
  // Into the trailers, for clients that balance by load.
  void AddLoadReport();

  const char* const method_;
  grpc::CallbackServerContext* const context_;
  const std::shared_ptr<AnswerSession> answer_;
  const Serving& serving_;
  const absl::Time arrived_;

  std::shared_ptr<GrpcAnswerStream> self_;  // gRPC's reference, until OnDone.
  AnswerReader reader_;
  CallTimes times_;
  absl::Time timer_at_ = absl::InfiniteFuture();
  std::optional<absl::Status> end_;  // Whatever becomes of the answer.
  v1::GenerateResponse writing_;     // gRPC's while write_in_flight_.
  bool write_in_flight_ = false;
  bool client_gone_ = false;
  bool finish_called_ = false;
  absl::Status final_status_;
};

}  // namespace bitnet
