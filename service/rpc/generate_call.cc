#include "service/rpc/generate_call.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "service/admission/deadline_check.h"
#include "service/errors/error_details.h"
#include "service/rpc/request_id.h"
#include "service/rpc/validate.h"
#include "service/security/authorization.h"
#include "service/security/client_name.h"
#include "spdlog/spdlog.h"

namespace bitnet {
namespace {

// What may wait for a slow client before the worker is no longer read from. More than a whole answer without
// log probabilities; beyond that gRPC's flow control holds back the worker.
constexpr size_t kMaxPendingBytes = 64 << 10;

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

// A caller's requests are at most as important as its line in the file of tokens says.
v1::GenerateRequest WithinPriority(v1::GenerateRequest request, const Caller& caller) {
  if (v1::Priority_IsValid(request.priority())) {
    const v1::Priority asked =
        request.priority() == v1::PRIORITY_UNSPECIFIED ? v1::PRIORITY_NORMAL : request.priority();
    request.set_priority(std::min(asked, caller.most_important));
  }
  return request;
}

}  // namespace

grpc::ServerWriteReactor<v1::GenerateResponse>* GenerateCall::Start(grpc::CallbackServerContext* context,
                                                                    const v1::GenerateRequest* request,
                                                                    const Serving& serving) {
  absl::StatusOr<Authenticator::Admitted> caller = serving.callers.Admit(AuthorizationOf(*context));
  const absl::Status admitted = caller.status();
  const std::shared_ptr<GenerateCall> call(new GenerateCall(
      context, *request, serving, caller.ok() ? *std::move(caller) : Authenticator::Admitted()));
  const absl::MutexLock lock(&call->mutex_);
  call->self_ = call;
  if (absl::Status status = admitted.ok() ? call->Admit() : admitted; !status.ok()) {
    call->EndWith(std::move(status));
  }
  return call.get();
}

GenerateCall::GenerateCall(grpc::CallbackServerContext* context, v1::GenerateRequest request,
                           const Serving& serving, Authenticator::Admitted caller)
    : context_(context),
      request_(WithinPriority(std::move(request), caller.caller())),
      serving_(serving),
      caller_(std::move(caller)),
      arrived_(absl::Now()),
      request_id_(DrawRequestId()),
      generation_(this, &mutex_, request_id_, request_, serving),
      answer_({request_.stop().begin(), request_.stop().end()}, request_.min_tokens()),
      times_(serving_.call_times, arrived_) {}

absl::Status GenerateCall::Admit() {
  RETURN_IF_ERROR(ValidateGenerate(request_));
  RETURN_IF_ERROR(serving_.calls.CheckOpen());
  ASSIGN_OR_RETURN(served_, serving_.models.Find(request_.model()));
  ASSIGN_OR_RETURN(const v1::Model model, served_->Facts());
  RETURN_IF_ERROR(CheckIds(request_, model));
  ASSIGN_OR_RETURN(place_, serving_.admission.Enter(ClientName(caller_.caller().name, context_->peer())));
  absl::StatusOr<WorkerLease> worker = served_->pool().Pick({});
  if (!worker.ok() && serving_.failover_time <= absl::ZeroDuration()) {
    return worker.status();
  }
  RETURN_IF_ERROR(serving_.calls.Enter(self_));
  if (request_.has_time_limit_seconds()) {
    times_.EndAt(arrived_ + absl::Seconds(request_.time_limit_seconds()));
  }
  generation_.Start(std::shared_ptr<Generation>(self_, &generation_), served_,
                    worker.ok() ? *std::move(worker) : WorkerLease(), context_->deadline());
  SetTimer();
  return absl::OkStatus();
}

absl::Status GenerateCall::OnPrepared() {
  const absl::Duration left = absl::FromChrono(context_->deadline()) - absl::Now();
  RETURN_IF_ERROR(
      CheckDeadline(left, serving_.admission.ExpectedWait(),
                    served_->pool().PrefillTime(generation_.prompt_tokens(), generation_.prefix())));
  return place_.Charge(int64_t{generation_.prompt_tokens()} + generation_.expected_tokens());
}

bool GenerateCall::OnToken(const worker::v1::GeneratedToken& token) {
  if (!accepted_) {
    Accept();
  }
  place_.Begin();
  const absl::Time now = absl::Now();
  const bool first = answer_.num_tokens() == 0;
  served_->metrics().CountGeneratedToken(first, now - (first ? arrived_ : last_token_at_));
  last_token_at_ = now;
  outbox_.AddToken(token.token());
  outbox_.AddText(answer_.Append(token.text()));
  if (answer_.stop().has_value()) {  // The worker tells its usage at the end, which this does not wait for.
    Complete(v1::FINISH_REASON_STOP_STRING, generation_.OwnUsage());
    StopWork();
  }
  Pump();
  return outbox_.pending_bytes() < kMaxPendingBytes;
}

void GenerateCall::OnFinished(v1::FinishReason reason, const v1::Usage& usage) {
  if (!accepted_) {
    Accept();
  }
  Complete(reason, usage);
  Pump();
}

void GenerateCall::OnFailed(const absl::Status& status) { EndWith(status); }

void GenerateCall::OnTimer() {
  const absl::MutexLock lock(&mutex_);
  timer_at_ = absl::InfiniteFuture();
  if (self_ == nullptr) {
    return;  // OnDone has come in between.
  }
  const absl::Time now = absl::Now();
  if (times_.EndDue(now)) {
    EndAtLimit();
  }
  if (times_.ReaderDue(now)) {
    GiveUpReader(now);
  } else if (times_.BeatDue(now)) {
    Beat(now);
  }
  SetTimer();
}

void GenerateCall::EndAtLimit() {
  times_.OnEnded();
  if (end_.has_value() || client_gone_) {
    return;
  }
  if (!accepted_) {
    Accept();
  }
  Complete(v1::FINISH_REASON_TIME_LIMIT, generation_.OwnUsage());
  StopWork();
  Pump();
}

void GenerateCall::Beat(absl::Time now) {
  times_.OnBeat(now);
  if (!generation_.accepted() || end_.has_value() || client_gone_) {
    return;
  }
  if (!accepted_) {
    Accept();
  }
  v1::Waiting waiting;
  waiting.set_state(generation_.state());
  waiting.set_seconds(absl::ToDoubleSeconds(now - arrived_));
  outbox_.Wait(std::move(waiting));
  Pump();
}

void GenerateCall::GiveUpReader(absl::Time now) {
  times_.OnReaderGivenUp(now);
  if (std::exchange(reader_given_up_, true) || end_.has_value()) {
    context_->TryCancel();
    return;
  }
  EndWith(
      WithReason(absl::AbortedError(absl::StrCat("the client took nothing for ",
                                                 absl::FormatDuration(serving_.call_times.slow_reader), ", ",
                                                 generation_.Progress(), " (--slow-reader-timeout)")),
                 "SLOW_READER"));
}

void GenerateCall::SetTimer() {
  if (const absl::Time next = times_.next(); next < timer_at_) {
    timer_at_ = next;
    serving_.timers.Set(std::shared_ptr<TimerQueue::Sleeper>(self_, this), next);
  }
}

void GenerateCall::Accept() {
  accepted_ = true;
  served_->metrics().CountPromptTokens(generation_.prompt_tokens());
  v1::Started started;
  started.set_request_id(request_id_);
  started.set_model(served_->name());
  started.set_prompt_tokens(generation_.prompt_tokens());
  started.set_seed(generation_.seed());
  outbox_.Start(std::move(started));
}

void GenerateCall::Complete(v1::FinishReason reason, const v1::Usage& usage) {
  outbox_.AddText(answer_.Flush());
  v1::Finished finished;
  finished.set_reason(reason);
  *finished.mutable_usage() = usage;
  if (answer_.stop().has_value()) {  // It may end in what was held back, too.
    finished.set_reason(v1::FINISH_REASON_STOP_STRING);
    finished.set_stop(*answer_.stop());
  }
  outbox_.Finish(std::move(finished));
  end_ = absl::OkStatus();
}

void GenerateCall::End(const absl::Status& status) {
  const absl::MutexLock lock(&mutex_);
  EndWith(status);
}

void GenerateCall::MoveFrom(const WorkerLink& link) {
  const absl::MutexLock lock(&mutex_);
  generation_.MoveFrom(link);
}

void GenerateCall::EndWith(absl::Status status) {
  if (end_.has_value()) {
    return;
  }
  end_ = std::move(status);
  StopWork();
  Pump();
}

void GenerateCall::StopWork() {
  place_.Release();
  generation_.Stop();
}

void GenerateCall::OnCancel() {
  const absl::MutexLock lock(&mutex_);
  client_gone_ = true;
  StopWork();
  Pump();
}

void GenerateCall::OnWriteDone(bool ok) {
  const absl::MutexLock lock(&mutex_);
  write_in_flight_ = false;
  times_.OnWriteDone(absl::Now());
  if (!ok) {  // The connection is gone; OnCancel may come later, or not for long.
    client_gone_ = true;
    StopWork();
  }
  Pump();
  SetTimer();
  generation_.Resume();
}

void GenerateCall::Pump() {
  if (write_in_flight_ || finish_called_) {
    return;
  }
  if (client_gone_) {
    FinishWith(WhyGone());
    return;
  }
  if (outbox_.Take(writing_)) {
    times_.OnWriteStarted(absl::Now());
    SetTimer();
    if (writing_.has_finished()) {
      finish_called_ = true;
      AddLoadReport();
      StartWriteAndFinish(&writing_, grpc::WriteOptions(), grpc::Status::OK);
    } else {
      write_in_flight_ = true;
      StartWrite(&writing_);
    }
  } else if (end_.has_value()) {
    FinishWith(*end_);
  }
}

absl::Status GenerateCall::WhyGone() const {
  if (end_.has_value() && !end_->ok()) {
    return *end_;
  }
  return context_->deadline() <= std::chrono::system_clock::now()
             ? absl::DeadlineExceededError(absl::StrCat("deadline ", generation_.Progress()))
             : absl::CancelledError("the client cancelled");
}

void GenerateCall::FinishWith(const absl::Status& status) {
  finish_called_ = true;
  final_code_ = status.code();
  AddLoadReport();
  Finish(ErrorReply(serving_.admission.WithRetry(WithRequestId(status, request_id_)), *context_));
}

void GenerateCall::AddLoadReport() {
  const auto report =
      outbox_.finished() ? serving_.load.Report(outbox_.last().usage()) : serving_.load.Report();
  context_->AddTrailingMetadata(kLoadReportKey, report.SerializeAsString());
}

void GenerateCall::OnDone() {
  std::shared_ptr<GenerateCall> self;  // Released after the lock.
  const absl::MutexLock lock(&mutex_);
  self = std::move(self_);
  serving_.timers.Remove(this);
  const std::string_view reason =
      final_code_ == absl::StatusCode::kOk && outbox_.finished() ? ReasonLabel(outbox_.last().reason()) : "";
  const absl::Duration duration = absl::Now() - arrived_;
  ModelMetrics& metrics = served_ != nullptr ? served_->metrics() : serving_.metrics.ForModel("");
  metrics.CountRequest("Generate", final_code_, reason, duration);
  spdlog::debug("request {}: {} {} {}", request_id_, absl::StatusCodeToString(final_code_),
                generation_.Progress(), absl::FormatDuration(duration));
  serving_.calls.Leave(this);
}

}  // namespace bitnet
