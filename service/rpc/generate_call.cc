#include "service/rpc/generate_call.h"

#include <chrono>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "proto/status_mapping.h"
#include "service/rpc/request_id.h"
#include "service/rpc/validate.h"
#include "service/rpc/worker_failure.h"
#include "spdlog/spdlog.h"

namespace bitnet {
namespace {

// What may wait for a slow client before the worker is no longer read from. Text of as many tokens is a few
// kilobytes; beyond that gRPC's flow control holds back the worker.
constexpr int kMaxPendingTokens = 1024;

std::string_view ReasonLabel(v1::FinishReason reason) {
  switch (reason) {
    case v1::FINISH_REASON_END_TOKEN:
      return "end_token";
    case v1::FINISH_REASON_STOP_STRING:
      return "stop_string";
    case v1::FINISH_REASON_LENGTH:
      return "length";
    case v1::FINISH_REASON_DEAD_END:
      return "dead_end";
    default:
      return "";
  }
}

void CopyConstraint(const v1::GenerateRequest& from, worker::v1::GenerateRequest& to) {
  switch (from.constraint_case()) {
    case v1::GenerateRequest::kJsonSchema:
      to.set_json_schema(from.json_schema());
      break;
    case v1::GenerateRequest::kJsonObject:
      to.set_json_object(from.json_object());
      break;
    case v1::GenerateRequest::kRegex:
      to.set_regex(from.regex());
      break;
    case v1::GenerateRequest::kGrammar:
      to.set_grammar(from.grammar());
      break;
    case v1::GenerateRequest::CONSTRAINT_NOT_SET:
      break;
  }
}

}  // namespace

grpc::ServerWriteReactor<v1::GenerateResponse>* GenerateCall::Start(grpc::CallbackServerContext* context,
                                                                    const v1::GenerateRequest* request,
                                                                    const Serving& serving) {
  const std::shared_ptr<GenerateCall> call(new GenerateCall(context, request, serving));
  const absl::MutexLock lock(&call->mutex_);
  call->self_ = call;
  if (absl::Status status = call->Admit(); !status.ok()) {
    call->EndWith(ToGrpcStatus(status));
  } else if (call->request_.has_token_ids()) {
    *call->tokens_.mutable_ids() = call->request_.token_ids().ids();
    call->Dispatch();
  } else {
    call->Tokenize();
  }
  return call.get();
}

GenerateCall::GenerateCall(grpc::CallbackServerContext* context, const v1::GenerateRequest* request,
                           const Serving& serving)
    : context_(context),
      request_(*request),
      serving_(serving),
      arrived_(absl::Now()),
      request_id_(DrawRequestId()),
      tokenize_call_(&serving.calls),
      answer_({request->stop().begin(), request->stop().end()}, request->min_tokens()) {}

absl::Status GenerateCall::Admit() {
  RETURN_IF_ERROR(ValidateGenerate(request_));
  RETURN_IF_ERROR(serving_.calls.CheckOpen());
  ASSIGN_OR_RETURN(model_, serving_.pool.model());
  RETURN_IF_ERROR(CheckModelName(request_.model(), model_));
  RETURN_IF_ERROR(CheckTokenIds("token_ids.ids", request_.token_ids().ids(), model_));
  RETURN_IF_ERROR(CheckTokenIds("stop_token_ids", request_.stop_token_ids(), model_));
  ASSIGN_OR_RETURN(place_, serving_.admission.Enter());
  ASSIGN_OR_RETURN(worker_, serving_.pool.Pick());
  worker_name_ = worker_.name();
  return serving_.calls.Enter(self_);
}

void GenerateCall::Tokenize() {
  if (request_.has_messages()) {
    *tokenize_request_.mutable_messages() = request_.messages();
  } else {
    tokenize_request_.set_text(request_.text());
  }
  tokenize_context_.set_deadline(context_->deadline());
  worker_.stub().async()->Tokenize(
      &tokenize_context_, &tokenize_request_, &tokens_,
      [call = shared_from_this()](const grpc::Status& status) { call->OnTokenized(status); });
}

void GenerateCall::OnTokenized(const grpc::Status& status) {
  const absl::MutexLock lock(&mutex_);
  if (end_.has_value() || client_gone_) {
    return;
  }
  if (!status.ok()) {
    EndWith(WorkerFailure(worker_name_, Progress(), status));
    return;
  }
  Dispatch();
}

void GenerateCall::Dispatch() {
  if (absl::Status status = CheckPromptLength(tokens_.ids_size(), model_); !status.ok()) {
    EndWith(ToGrpcStatus(status));
    return;
  }
  prompt_tokens_ = static_cast<uint32_t>(tokens_.ids_size());
  dispatched_.set_request_id(request_id_);
  dispatched_.set_attempt(1);
  dispatched_.mutable_prompt()->Swap(tokens_.mutable_ids());
  *dispatched_.mutable_sampling() = request_.sampling();
  if (!request_.sampling().has_seed()) {
    dispatched_.mutable_sampling()->set_seed(DrawSeed());
  }
  dispatched_.set_max_tokens(request_.max_tokens());
  dispatched_.set_min_tokens(request_.min_tokens());
  dispatched_.set_ignore_eos(request_.ignore_eos());
  *dispatched_.mutable_stop_token_ids() = request_.stop_token_ids();
  if (request_.has_logprobs()) {
    dispatched_.set_logprobs(request_.logprobs());
  }
  dispatched_.set_priority(request_.priority());
  *dispatched_.mutable_adapters() = request_.adapters();
  CopyConstraint(request_, dispatched_);
  dispatched_at_ = absl::Now();
  spdlog::debug("request {}: {} prompt tokens to worker {}", request_id_, prompt_tokens_, worker_name_);
  stream_ = WorkerStream::Start(std::shared_ptr<WorkerStream::Listener>(self_, this), worker_.stub(),
                                dispatched_, context_->deadline(), &serving_.calls);
}

void GenerateCall::OnStreamEvent(const worker::v1::GenerateResponse& event) {
  const absl::MutexLock lock(&mutex_);
  if (end_.has_value() || client_gone_) {
    return;  // The stream has been cancelled.
  }
  if (!accepted_) {
    Accept();
  }
  if (event.has_token()) {
    AddToken(event.token());
  } else if (event.has_finished()) {
    AddFinished(event.finished().reason(), event.finished().usage());
  }
  Pump();
  if (stream_ == nullptr) {
    return;
  }
  if (!end_.has_value() && delta_.has_value() && delta_->tokens_size() >= kMaxPendingTokens) {
    stream_->Pause();
  } else {
    stream_->ReadOn();  // Also after the last event, for the status.
  }
}

void GenerateCall::Accept() {
  accepted_ = true;
  place_.Release();
  serving_.metrics.CountPromptTokens(prompt_tokens_);
  started_.emplace();
  started_->set_request_id(request_id_);
  started_->set_model(model_.name());
  started_->set_prompt_tokens(prompt_tokens_);
  started_->set_seed(dispatched_.sampling().seed());
}

void GenerateCall::AddToken(const worker::v1::GeneratedToken& token) {
  const uint32_t next = answer_.num_tokens();
  if (token.attempt() != dispatched_.attempt() || token.token().index() < next) {
    return;  // Of an attempt that was given up, or delivered already.
  }
  if (token.token().index() > next) {
    EndWith({grpc::StatusCode::INTERNAL, absl::StrCat("worker ", worker_name_, " sent token ",
                                                      token.token().index(), ", wanted ", next)});
    return;
  }
  const absl::Time now = absl::Now();
  const bool first = next == 0;
  serving_.metrics.CountGeneratedToken(first, now - (first ? arrived_ : last_token_at_));
  last_token_at_ = now;
  if (first) {
    first_token_at_ = now;
  }
  if (!delta_.has_value()) {
    delta_.emplace();
  }
  delta_->mutable_text()->append(answer_.Append(token.text()));
  *delta_->add_tokens() = token.token();
  if (answer_.stop().has_value()) {
    AddFinished(v1::FINISH_REASON_STOP_STRING, OwnUsage());
    StopWorker();
  }
}

void GenerateCall::AddFinished(v1::FinishReason reason, const v1::Usage& usage) {
  if (const std::string rest = answer_.Flush(); !rest.empty()) {
    if (!delta_.has_value()) {
      delta_.emplace();
    }
    delta_->mutable_text()->append(rest);
  }
  finished_.emplace();
  finished_->set_reason(reason);
  *finished_->mutable_usage() = usage;
  if (answer_.stop().has_value()) {  // It may end in what was held back, too.
    finished_->set_reason(v1::FINISH_REASON_STOP_STRING);
    finished_->set_stop(*answer_.stop());
  }
  end_ = grpc::Status::OK;
}

// The worker tells its usage at the end, which a stop string does not wait for. Seen from here, queueing is
// part of the time to the first token.
v1::Usage GenerateCall::OwnUsage() const {
  v1::Usage usage;
  usage.set_prompt_tokens(prompt_tokens_);
  usage.set_generated_tokens(answer_.num_tokens());
  usage.set_prefill_seconds(absl::ToDoubleSeconds(first_token_at_ - dispatched_at_));
  usage.set_decode_seconds(absl::ToDoubleSeconds(last_token_at_ - first_token_at_));
  return usage;
}

void GenerateCall::OnStreamDone(const grpc::Status& status) {
  const absl::MutexLock lock(&mutex_);
  stream_ = nullptr;
  worker_.Release();
  if (!end_.has_value() && !client_gone_) {
    EndWith(WorkerFailure(worker_name_, Progress(), status));
  }
}

void GenerateCall::End(const absl::Status& status) {
  const absl::MutexLock lock(&mutex_);
  EndWith(ToGrpcStatus(status));
}

void GenerateCall::EndWith(grpc::Status status) {
  if (end_.has_value()) {
    return;
  }
  end_ = std::move(status);
  StopWorker();
  Pump();
}

void GenerateCall::StopWorker() {
  place_.Release();
  tokenize_context_.TryCancel();
  if (stream_ != nullptr) {
    stream_->Cancel();
  } else {
    worker_.Release();
  }
}

void GenerateCall::OnCancel() {
  const absl::MutexLock lock(&mutex_);
  client_gone_ = true;
  StopWorker();
  Pump();
}

void GenerateCall::OnWriteDone(bool ok) {
  const absl::MutexLock lock(&mutex_);
  write_in_flight_ = false;
  if (!ok) {  // The connection is gone; OnCancel may come later, or not for long.
    client_gone_ = true;
    StopWorker();
  }
  Pump();
  if (stream_ != nullptr) {
    stream_->Resume();
  }
}

void GenerateCall::Pump() {
  if (write_in_flight_ || finish_called_) {
    return;
  }
  if (client_gone_) {
    const bool late = context_->deadline() <= std::chrono::system_clock::now();
    FinishWith(late ? grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, absl::StrCat("deadline ", Progress()))
                    : grpc::Status(grpc::StatusCode::CANCELLED, "the client cancelled"));
    return;
  }
  writing_.Clear();
  if (started_.has_value()) {
    *writing_.mutable_started() = *std::move(started_);
    started_.reset();
  } else if (delta_.has_value()) {
    *writing_.mutable_delta() = *std::move(delta_);
    delta_.reset();
  } else if (finished_.has_value()) {
    *writing_.mutable_finished() = *finished_;
    finish_called_ = true;
    StartWriteAndFinish(&writing_, grpc::WriteOptions(), grpc::Status::OK);
    return;
  } else {
    if (end_.has_value()) {
      FinishWith(*end_);
    }
    return;
  }
  write_in_flight_ = true;
  StartWrite(&writing_);
}

void GenerateCall::FinishWith(const grpc::Status& status) {
  finish_called_ = true;
  final_code_ = FromGrpcStatus(status).code();
  Finish(status);
}

std::string GenerateCall::Progress() const { return absl::StrCat("after ", answer_.num_tokens(), " tokens"); }

void GenerateCall::OnDone() {
  std::shared_ptr<GenerateCall> self;  // Released after the lock.
  const absl::MutexLock lock(&mutex_);
  self = std::move(self_);
  const std::string_view reason =
      final_code_ == absl::StatusCode::kOk && finished_.has_value() ? ReasonLabel(finished_->reason()) : "";
  const absl::Duration duration = absl::Now() - arrived_;
  serving_.metrics.CountRequest("Generate", final_code_, reason, duration);
  spdlog::debug("request {}: {} {} {}", request_id_, absl::StatusCodeToString(final_code_), Progress(),
                absl::FormatDuration(duration));
  serving_.calls.Leave(this);
}

}  // namespace bitnet
