#include "service/rpc/grpc_answer_stream.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/errors/error_details.h"
#include "service/rpc/answer_session.h"

namespace bitnet {

std::shared_ptr<GrpcAnswerStream> GrpcAnswerStream::Make(const char* method,
                                                         grpc::CallbackServerContext* context,
                                                         std::shared_ptr<AnswerSession> answer,
                                                         uint32_t next_index) {
  std::shared_ptr<GrpcAnswerStream> stream(
      new GrpcAnswerStream(method, context, std::move(answer), next_index));
  stream->self_ = stream;
  return stream;
}

GrpcAnswerStream::GrpcAnswerStream(const char* method, grpc::CallbackServerContext* context,
                                   std::shared_ptr<AnswerSession> answer, uint32_t next_index)
    : method_(method),
      context_(context),
      answer_(std::move(answer)),
      serving_(answer_->serving()),
      arrived_(absl::Now()),
      reader_(next_index),
      times_(serving_.call_times, arrived_) {}

void GrpcAnswerStream::EndWith(absl::Status status) {
  if (!end_.has_value()) {
    end_ = std::move(status);
    Pump();
  }
}

void GrpcAnswerStream::OnCancel() {
  const absl::MutexLock lock(&answer_->mutex());
  ClientGone();
}

void GrpcAnswerStream::OnWriteDone(bool ok) {
  const absl::MutexLock lock(&answer_->mutex());
  write_in_flight_ = false;
  times_.OnWriteDone(absl::Now());
  if (ok) {
    const int tokens = writing_.delta().tokens_size();
    Pump();
    answer_->OnRead(*this, tokens);
  } else {
    ClientGone();  // The connection is broken; OnCancel may come later, or not for long.
  }
}

void GrpcAnswerStream::ClientGone() {
  client_gone_ = true;
  answer_->Detach(*this);
  Pump();
}

void GrpcAnswerStream::Pump() {
  if (write_in_flight_ || finish_called_) {
    return;
  }
  if (client_gone_ || end_.has_value()) {
    FinishWith(end_.has_value() ? *end_ : WhyGone());
  } else if (reader_.Next(answer_->log(), writing_)) {
    times_.OnWriteStarted(absl::Now());
    if (writing_.has_finished()) {
      finish_called_ = true;
      AddLoadReport();
      StartWriteAndFinish(&writing_, grpc::WriteOptions(), grpc::Status::OK);
    } else {
      write_in_flight_ = true;
      StartWrite(&writing_);
    }
  } else if (answer_->end().has_value()) {
    FinishWith(*answer_->end());
  }
  SetTimer();
}

absl::Status GrpcAnswerStream::WhyGone() const {
  return context_->deadline() <= std::chrono::system_clock::now()
             ? absl::DeadlineExceededError(absl::StrCat("deadline ", answer_->Progress()))
             : absl::CancelledError("the client cancelled");
}

void GrpcAnswerStream::FinishWith(const absl::Status& status) {
  finish_called_ = true;
  final_status_ = status;
  AddLoadReport();
  Finish(ErrorReply(serving_.admission.WithRetry(WithRequestId(status, answer_->request_id())), *context_));
}

void GrpcAnswerStream::AddLoadReport() {
  const std::optional<v1::Finished>& finished = answer_->log().finished();
  const auto report = finished.has_value() ? serving_.load.Report(finished->usage()) : serving_.load.Report();
  context_->AddTrailingMetadata(kLoadReportKey, report.SerializeAsString());
}

void GrpcAnswerStream::OnTimer() {
  const absl::MutexLock lock(&answer_->mutex());
  timer_at_ = absl::InfiniteFuture();
  if (self_ == nullptr) {
    return;  // OnDone has come in between.
  }
  const absl::Time now = absl::Now();
  if (times_.ReaderDue(now)) {
    GiveUpReader(now);
  } else if (times_.BeatDue(now)) {
    Beat(now);
  }
  SetTimer();
}

void GrpcAnswerStream::Beat(absl::Time now) {
  times_.OnBeat(now);
  if (!client_gone_) {
    if (std::optional<v1::Waiting> waiting = answer_->Waiting(now)) {
      reader_.Wait(*std::move(waiting));
      Pump();
    }
  }
}

void GrpcAnswerStream::GiveUpReader(absl::Time now) {
  times_.OnReaderGivenUp(now);
  if (end_.has_value() || finish_called_) {
    context_->TryCancel();
    return;
  }
  answer_->Detach(*this);
  EndWith(WithReason(absl::AbortedError(absl::StrCat("the client took nothing for ",
                                                     absl::FormatDuration(serving_.call_times.slow_reader),
                                                     ", ", answer_->Progress(), " (--slow-reader-timeout)")),
                     "SLOW_READER"));
}

void GrpcAnswerStream::SetTimer() {
  if (const absl::Time next = times_.next(); self_ != nullptr && next < timer_at_) {
    timer_at_ = next;
    serving_.timers.Set(std::shared_ptr<TimerQueue::Sleeper>(self_, this), next);
  }
}

void GrpcAnswerStream::OnDone() {
  std::shared_ptr<GrpcAnswerStream> self;  // Released after the lock.
  const absl::MutexLock lock(&answer_->mutex());
  self = std::move(self_);
  serving_.timers.Remove(this);
  answer_->Detach(*this);
  answer_->Count(method_, final_status_, absl::Now() - arrived_);
}

}  // namespace bitnet
