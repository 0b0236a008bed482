#include "service/rpc/answer_session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "service/admission/deadline_check.h"
#include "service/errors/error_details.h"
#include "service/rpc/answer_stream.h"
#include "service/rpc/request_id.h"
#include "service/rpc/validate.h"
#include "spdlog/spdlog.h"

namespace bitnet {
namespace {

// What may wait for a slow client before the worker is no longer read from. More than a whole answer without
// log probabilities; beyond that gRPC's flow control holds back the worker.
constexpr size_t kMaxUnreadBytes = 128 << 10;

std::string_view ReasonLabel(v1::FinishReason reason) {
  switch (reason) {
    case v1::FINISH_REASON_END_TOKEN:
      return "end_token";
    case v1::FINISH_REASON_STOP_STRING:
      return "stop_string";
    case v1::FINISH_REASON_LENGTH:
      return "length";
    case v1::FINISH_REASON_TIME_LIMIT:
      return "time_limit";
    case v1::FINISH_REASON_DEAD_END:
      return "dead_end";
    default:
      return "";
  }
}

}  // namespace

AnswerSession::AnswerSession(v1::GenerateRequest request, const Serving& serving,
                             Authenticator::Admitted caller, std::string client)
    : request_(std::move(request)),
      serving_(serving),
      caller_name_(caller.caller().name),
      client_(std::move(client)),
      arrived_(absl::Now()),
      request_id_(DrawRequestId()),
      caller_(std::move(caller)),
      generation_(this, &mutex_, request_id_, request_, serving_),
      text_({request_.stop().begin(), request_.stop().end()}, request_.min_tokens()) {}

void AnswerSession::Start(const std::shared_ptr<AnswerStream>& stream,
                          std::chrono::system_clock::time_point deadline) {
  stream_ = stream;
  if (absl::Status status = Admit(deadline); !status.ok()) {
    EndWith(std::move(status));
  } else {
    PumpStream();  // From now on its silence is measured.
  }
}

absl::Status AnswerSession::Admit(std::chrono::system_clock::time_point deadline) {
  RETURN_IF_ERROR(ValidateGenerate(request_));
  RETURN_IF_ERROR(serving_.calls.CheckOpen());
  ASSIGN_OR_RETURN(served_, serving_.models.Find(request_.model()));
  ASSIGN_OR_RETURN(const v1::Model model, served_->Facts());
  RETURN_IF_ERROR(CheckIds(request_, model));
  ASSIGN_OR_RETURN(place_, serving_.admission.Enter(client_));
  absl::StatusOr<WorkerLease> worker = served_->pool().Pick({});
  if (!worker.ok() && serving_.failover_time <= absl::ZeroDuration()) {
    return worker.status();
  }
  if (request_.resumable()) {
    RETURN_IF_ERROR(serving_.resumable.Add(shared_from_this()));
  }
  RETURN_IF_ERROR(serving_.calls.Enter(shared_from_this()));
  if (request_.has_time_limit_seconds()) {
    limit_at_ = arrived_ + absl::Seconds(request_.time_limit_seconds());
    SetTimer();
  }
  deadline_ = deadline;
  // The deadline of a call does not end an answer that another call may go on with.
  generation_.Start(std::shared_ptr<Generation>(shared_from_this(), &generation_), served_,
                    worker.ok() ? *std::move(worker) : WorkerLease(),
                    request_.resumable() ? std::chrono::system_clock::time_point::max() : deadline);
  return absl::OkStatus();
}

absl::Status AnswerSession::OnPrepared() {
  const absl::Duration left = absl::FromChrono(deadline_) - absl::Now();
  RETURN_IF_ERROR(
      CheckDeadline(left, serving_.admission.ExpectedWait(),
                    served_->pool().PrefillTime(generation_.prompt_tokens(), generation_.prefix())));
  return place_.Charge(int64_t{generation_.prompt_tokens()} + generation_.expected_tokens());
}

void AnswerSession::OnToken(const worker::v1::GeneratedToken& token) {
  Accept();
  place_.Begin();
  const absl::Time now = absl::Now();
  if (text_.num_tokens() == 0) {
    served_->metrics().CountFirstToken(generation_.admitted_at() - arrived_, now - generation_.admitted_at());
  } else {
    served_->metrics().CountNextToken(now - last_token_at_);
  }
  last_token_at_ = now;
  v1::Token told = token.token();
  if (request_.has_logprobs()) {
    told.set_text(token.text());
  }
  log_.Add(std::move(told), text_.Append(token.text()));
  if (text_.stop().has_value()) {  // The worker tells its usage at the end, which this does not wait for.
    Complete(v1::FINISH_REASON_STOP_STRING, generation_.OwnUsage());
    StopWork();
  }
}

bool AnswerSession::OnTokensTaken() {
  PumpStream();
  if (request_.resumable()) {
    serving_.resumable.SetBytes(request_id_, log_.bytes());
    return true;  // It is all kept anyway.
  }
  return log_.bytes() < kMaxUnreadBytes;
}

void AnswerSession::OnFinished(v1::FinishReason reason, const v1::Usage& usage) {
  Accept();
  Complete(reason, usage);
  PumpStream();
}

void AnswerSession::Accept() {
  if (log_.started().has_value()) {
    return;
  }
  served_->metrics().CountPromptTokens(generation_.prompt_tokens());
  v1::Started started;
  started.set_request_id(request_id_);
  started.set_model(served_->name());
  started.set_prompt_tokens(generation_.prompt_tokens());
  started.set_seed(generation_.seed());
  log_.Start(std::move(started));
}

void AnswerSession::Complete(v1::FinishReason reason, const v1::Usage& usage) {
  served_->metrics().CountCachedTokens(usage.cached_tokens());
  std::string rest = text_.Flush();
  v1::Finished finished;
  finished.set_reason(reason);
  *finished.mutable_usage() = usage;
  if (text_.stop().has_value()) {  // It may end in what was held back, too.
    finished.set_reason(v1::FINISH_REASON_STOP_STRING);
    finished.set_stop(*text_.stop());
  }
  log_.Finish(std::move(rest), std::move(finished));
  end_ = absl::OkStatus();
  LeaveIfDone();
}

void AnswerSession::End(const absl::Status& status) {
  const absl::MutexLock lock(&mutex_);
  EndWith(status);
}

void AnswerSession::EndWith(absl::Status status) {
  if (end_.has_value()) {
    return;
  }
  end_ = std::move(status);
  StopWork();
  PumpStream();
  LeaveIfDone();
}

void AnswerSession::StopWork() {
  place_.Release();
  generation_.Stop();
}

void AnswerSession::MoveFrom(const WorkerLink& link) {
  const absl::MutexLock lock(&mutex_);
  generation_.MoveFrom(link);
}

absl::Status AnswerSession::Attach(const std::shared_ptr<AnswerStream>& stream) {
  if (stream->next_index() > log_.end()) {
    return absl::OutOfRangeError(absl::StrCat("next_index is ", stream->next_index(), ", and the answer has ",
                                              log_.end(), " tokens so far"));
  }
  if (const std::shared_ptr<AnswerStream> old = std::exchange(stream_, stream)) {
    old->EndWith(
        WithReason(absl::AbortedError("another call goes on with this answer"), "RESUMED_ELSEWHERE"));
  }
  kept_until_ = absl::InfiniteFuture();
  serving_.resumable.SetIdle(request_id_, false);
  SetTimer();
  PumpStream();
  return absl::OkStatus();
}

void AnswerSession::Detach(const AnswerStream& stream) {
  if (stream_.get() != &stream) {
    return;
  }
  const std::shared_ptr<AnswerStream> old = std::move(stream_);  // Its caller has a reference of its own.
  stream_ = nullptr;
  // Who was never told the name of its answer cannot come back for it.
  if (request_.resumable() && log_.started().has_value() && !cancelled_) {
    kept_until_ = absl::Now() + serving_.resume_window;
    SetTimer();
  } else {
    EndWith(absl::CancelledError("nobody reads the answer"));
    serving_.resumable.Remove(request_id_);
    serving_.timers.Remove(this);
  }
  LeaveIfDone();
}

void AnswerSession::Cancel() {
  cancelled_ = true;
  kept_until_ = absl::InfiniteFuture();
  serving_.resumable.Remove(request_id_);
  EndWith(absl::CancelledError("cancelled by its caller"));
  SetTimer();
}

void AnswerSession::OnRead(const AnswerStream& stream, int tokens) {
  if (tokens > 0) {
    served_->metrics().CountDeliveredTokens(tokens);
  }
  if (stream_.get() == &stream) {
    ForgetRead();
    generation_.Resume();
  }
}

void AnswerSession::ForgetRead() {
  if (!request_.resumable()) {
    log_.ForgetBefore(stream_->next_index());
  }
}

void AnswerSession::PumpStream() {
  if (stream_ != nullptr) {
    stream_->Pump();
    ForgetRead();
  }
}

void AnswerSession::LeaveIfDone() {
  if (end_.has_value()) {
    caller_ = {};  // Its place among the caller's requests.
    if (stream_ == nullptr) {
      serving_.resumable.SetIdle(request_id_, true);
      serving_.calls.Leave(this);
    }
  }
}

std::optional<v1::Waiting> AnswerSession::Waiting(absl::Time now) {
  if (!generation_.accepted() || end_.has_value()) {
    return std::nullopt;
  }
  Accept();
  v1::Waiting waiting;
  waiting.set_state(generation_.state());
  waiting.set_seconds(absl::ToDoubleSeconds(now - arrived_));
  return waiting;
}

void AnswerSession::OnTimer() {
  const absl::MutexLock lock(&mutex_);
  const absl::Time now = absl::Now();
  if (now >= limit_at_) {
    limit_at_ = absl::InfiniteFuture();
    EndAtLimit();
  }
  if (now >= kept_until_) {
    kept_until_ = absl::InfiniteFuture();
    serving_.resumable.Remove(request_id_);
    EndWith(absl::CancelledError(
        absl::StrCat("nobody read the answer for ", absl::FormatDuration(serving_.resume_window))));
  }
  SetTimer();
}

void AnswerSession::EndAtLimit() {
  if (!end_.has_value()) {
    Accept();
    Complete(v1::FINISH_REASON_TIME_LIMIT, generation_.OwnUsage());
    StopWork();
    PumpStream();
  }
}

void AnswerSession::SetTimer() {
  const absl::Time next = std::min(limit_at_, kept_until_);
  if (next < absl::InfiniteFuture()) {
    serving_.timers.Set(std::shared_ptr<TimerQueue::Sleeper>(shared_from_this(), this), next);
  } else {
    serving_.timers.Remove(this);
  }
}

void AnswerSession::Count(const char* method, const absl::Status& status, absl::Duration duration) const {
  const bool finished = status.ok() && log_.finished().has_value();
  ModelMetrics& metrics = served_ != nullptr ? served_->metrics() : serving_.metrics.ForModel("");
  metrics.CountRequest(method, status.code(), finished ? ReasonLabel(log_.finished()->reason()) : "",
                       duration);
  if (!generation_.accepted()) {
    metrics.CountRejection(status);
  }
  spdlog::debug("request {}: {} {} {} {}", request_id_, method, absl::StatusCodeToString(status.code()),
                Progress(), absl::FormatDuration(duration));
}

}  // namespace bitnet
