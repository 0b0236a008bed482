#include "service/rpc/generation.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "service/errors/error_details.h"
#include "service/rpc/request_id.h"
#include "service/rpc/validate.h"
#include "service/rpc/worker_failure.h"
#include "service/rpc/worker_request.h"
#include "spdlog/spdlog.h"

namespace bitnet {
namespace {

// Until a worker whose end has not been noticed yet, or one that may take a suspect, is asked for again.
constexpr absl::Duration kAskAgain = absl::Milliseconds(25);

const char* FailoverReason(const WorkerLink& link) {
  switch (link.end) {
    case WorkerLink::End::kStalled:
      return "stalled";
    case WorkerLink::End::kRetired:
      return "retired";
    default:
      return "lost";
  }
}

}  // namespace

Generation::Generation(Owner* owner, absl::Mutex* mutex, const std::string& request_id,
                       const v1::GenerateRequest& request, const Serving& serving)
    : owner_(owner), mutex_(mutex), request_id_(request_id), request_(request), serving_(serving) {}

void Generation::Start(std::shared_ptr<Generation> self, ServedModel* served, WorkerLease worker,
                       std::chrono::system_clock::time_point deadline) {
  self_ = self;
  served_ = served;
  deadline_ = deadline;
  if (worker) {
    GoOn(std::move(worker));
  } else {
    lost_at_ = absl::Now();
    Await(absl::ZeroDuration());
  }
}

void Generation::GoOn(WorkerLease worker) {
  worker_ = std::move(worker);
  worker_name_ = worker_.name();
  if (file_ == nullptr) {
    file_ = worker_.file();
    model_ = worker_.link()->model;
  }
  if (prepared_) {
    Dispatch();
  } else if (request_.has_token_ids()) {
    *dispatched_.mutable_prompt() = request_.token_ids().ids();
    Begin();
  } else {
    Tokenize();
  }
}

void Generation::Begin() {
  worker_.Release();
  if (absl::Status status = Prepare(); !status.ok()) {
    Fail(status);
  } else if (!dispatched_.has_embed()) {
    Compute();
  }
}

void Generation::Compute() {
  absl::StatusOr<WorkerLease> worker = served_->pool().Pick(Wanted(nullptr));
  if (worker.ok()) {
    GoOn(*std::move(worker));
  } else {
    lost_at_ = lost_at_.value_or(absl::Now());
    Await(absl::ZeroDuration());
  }
}

uint32_t Generation::expected_tokens() const {
  constexpr uint32_t kUsualAnswer = 256;
  if (dispatched_.has_embed()) {
    return 1;
  }
  const uint32_t room = model_.context_length() - std::min(model_.context_length(), prompt_tokens());
  return std::min(request_.has_max_tokens() ? request_.max_tokens() : kUsualAnswer, room);
}

// The prompt's tokens take a fraction of the time of the answer's, since many are computed at once.
WorkerPool::Wanted Generation::Wanted(const WorkerLink* avoid) const {
  constexpr uint32_t kPromptTokensPerToken = 8;
  WorkerPool::Wanted wanted = {.avoid = avoid,
                               .suspect = policy_.suspect(),
                               .background = request_.priority() == v1::PRIORITY_BACKGROUND};
  if (file_ != nullptr) {
    wanted.file = model_.fingerprint();
  }
  if (prepared_) {
    const uint32_t most = expected_tokens();
    wanted.tokens =
        (prompt_tokens() + num_tokens()) / kPromptTokensPerToken + most - std::min(most, num_tokens());
    wanted.prefix = prefix();
  }
  return wanted;
}

void Generation::Tokenize() {
  tokenizing_ = std::make_shared<TokenizeCall>(&serving_.calls);
  if (request_.has_messages()) {
    *tokenizing_->request.mutable_messages() = request_.messages();
  } else {
    tokenizing_->request.set_text(request_.text());
  }
  tokenizing_->context.set_deadline(deadline_);
  worker_.stub().async()->Tokenize(&tokenizing_->context, &tokenizing_->request, &tokenizing_->tokens,
                                   [self = self_.lock(), call = tokenizing_](const grpc::Status& status) {
                                     self->OnTokenized(*call, status);
                                   });
}

void Generation::OnTokenized(TokenizeCall& call, const grpc::Status& status) {
  const absl::MutexLock lock(mutex_);
  tokenizing_.reset();
  if (ended_) {
    return;
  }
  if (!status.ok()) {
    AttemptFailed(status);
    return;
  }
  dispatched_.mutable_prompt()->Swap(call.tokens.mutable_ids());
  Begin();
}

absl::Status Generation::Prepare() {
  prepared_ = true;
  RETURN_IF_ERROR(
      CheckIds(request_, model_));  // Again: the file may be a later one than when it was admitted.
  RETURN_IF_ERROR(CheckPromptLength(dispatched_.prompt_size(), model_));
  FillWorkerRequest(request_, request_id_, dispatched_);
  if (!request_.sampling().has_seed()) {
    dispatched_.mutable_sampling()->set_seed(DrawSeed());
  }
  dispatched_at_ = absl::Now();
  return owner_->OnPrepared();
}

void Generation::Dispatch() {
  dispatched_.set_attempt(dispatched_.attempt() + 1);
  energy_.EndAttempt();
  NoteAdmission();  // At the earliest.
  taken_ = admitted_ = leaving_ = false;
  spdlog::debug("request {}: attempt {} with {} prompt tokens, {}, to worker {}", request_id_,
                dispatched_.attempt(), prompt_tokens(), Progress(), worker_name_);
  stream_ = WorkerStream::Start(std::shared_ptr<WorkerStream::Listener>(self_.lock(), this), worker_.stub(),
                                dispatched_, deadline_, &serving_.calls);
}

void Generation::OnStreamAccepted() {
  const absl::MutexLock lock(mutex_);
  accepted_ = taken_ = true;
}

v1::Waiting::State Generation::state() const {
  if (lost_at_.has_value()) {
    return v1::Waiting::STATE_PAUSED;
  }
  if (num_tokens() > 0) {
    return v1::Waiting::STATE_DECODE;
  }
  return admitted_ ? v1::Waiting::STATE_PREFILL : v1::Waiting::STATE_QUEUED;
}

void Generation::OnStreamEvent(const worker::v1::GenerateResponse& event) {
  const absl::MutexLock lock(mutex_);
  if (ended_ || leaving_) {
    return;  // The stream has been cancelled.
  }
  bool more = true;
  if (event.has_admitted()) {
    admitted_ = true;
    NoteAdmission();
  } else if (event.has_tokens() && event.tokens().attempt() == dispatched_.attempt()) {
    more = AddTokens(event.tokens());
  } else if (event.has_embedding() && event.embedding().attempt() == dispatched_.attempt()) {
    owner_->OnEmbedding(event.embedding().embedding());
  } else if (event.has_finished() && event.finished().attempt() == dispatched_.attempt()) {
    Finish(event.finished());
  }
  if (stream_ == nullptr || leaving_) {
    return;
  }
  if (more || ended_) {
    stream_->ReadOn();  // Also after the last event, for the status.
  } else {
    stream_->Pause();
  }
}

void Generation::NoteAdmission() {
  if (num_tokens() == 0) {
    admitted_at_ = absl::Now();
  }
}

void Generation::Finish(const worker::v1::GenerateFinished& finished) {
  EndPause(absl::Now());
  v1::Usage usage = finished.usage();
  if (usage.has_energy()) {
    energy_.Update(usage.energy());
  }
  if (dispatched_.attempt() > 1) {  // The worker knows but the last part.
    const v1::Usage whole = OwnUsage();
    usage.set_queue_seconds(whole.queue_seconds());
    usage.set_prefill_seconds(whole.prefill_seconds());
    usage.set_decode_seconds(whole.decode_seconds());
  } else {
    worker_.link()->prefill_speed.Learn(usage.prompt_tokens() - usage.cached_tokens(),
                                        absl::Seconds(usage.prefill_seconds()));
  }
  TellAttempts(usage);
  ended_ = true;
  owner_->OnFinished(finished.reason(), usage);
}

bool Generation::AddTokens(const worker::v1::GeneratedTokens& tokens) {
  if (tokens.has_energy()) {
    energy_.Update(tokens.energy());
  }
  for (const worker::v1::GeneratedToken& token : tokens.tokens()) {
    const uint32_t next = num_tokens();
    const uint32_t index = token.token().index();
    if (index > next) {
      Fail(absl::InternalError(
          absl::StrCat("worker ", worker_name_, " sent token ", index, ", wanted ", next)));
      return false;
    }
    if (index == next) {  // Not one that is here already.
      AddToken(token);
      owner_->OnToken(token);
      if (ended_) {
        break;
      }
    }
  }
  return owner_->OnTokensTaken();
}

void Generation::AddToken(const worker::v1::GeneratedToken& token) {
  const absl::Time now = absl::Now();
  last_token_at_ = now;
  if (num_tokens() == 0) {
    first_token_at_ = now;
  }
  worker_.Done(1);
  dispatched_.add_generated(token.token().id());
  policy_.OnProgress();
  worker_.Clear();
  EndPause(now);
}

void Generation::EndPause(absl::Time now) {
  if (lost_at_.has_value()) {
    paused_ += now - *lost_at_;
    served_->metrics().CountPause(now - *lost_at_);
    lost_at_.reset();
  }
}

v1::Usage Generation::OwnUsage() const {
  v1::Usage usage;
  usage.set_prompt_tokens(prompt_tokens());
  usage.set_generated_tokens(num_tokens());
  if (num_tokens() > 0) {
    usage.set_prefill_seconds(absl::ToDoubleSeconds(first_token_at_ - dispatched_at_));
    usage.set_decode_seconds(absl::ToDoubleSeconds(last_token_at_ - first_token_at_));
  }
  TellAttempts(usage);
  return usage;
}

void Generation::TellAttempts(v1::Usage& usage) const {
  usage.set_attempts(dispatched_.attempt());
  usage.set_paused_seconds(absl::ToDoubleSeconds(paused_));
  energy_.FillIn(usage);
}

void Generation::OnStreamDone(const grpc::Status& status) {
  const absl::MutexLock lock(mutex_);
  stream_ = nullptr;
  if (ended_) {
    worker_.Release();
    file_.reset();
    return;
  }
  AttemptFailed(status);
}

void Generation::AttemptFailed(const grpc::Status& status) {
  const std::shared_ptr<WorkerLink> lost = worker_.link();
  worker_.Release();
  if (!prepared_) {  // Any file will do, the next one as well.
    file_.reset();
  }
  const bool planned = leaving_ || lost->end == WorkerLink::End::kRetired;
  // A worker whose queue is full has refused a new request for good reason, and one that goes on for none.
  const bool full = dispatched_.attempt() > 1 && status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED;
  if (!planned && !full && !IsWorkersFault(status)) {
    Fail(WorkerVerdict(request_, status));
    return;
  }
  if (serving_.failover_time <= absl::ZeroDuration()) {
    Fail(WorkerFailure(worker_name_, Progress(), status));
    return;
  }
  if (!lost_at_.has_value()) {
    lost_at_ = absl::Now();
  } else if (!taken_ && LostForTooLong()) {
    FailWithoutSuccessor(status.error_message());
    return;
  }
  if (!planned) {
    switch (policy_.OnLoss(admitted_)) {
      case FailoverPolicy::Verdict::kKillsWorkers:
        Fail(WithReason(absl::InternalError(absl::StrCat(
                            FailoverPolicy::kMaxDeaths, " workers ended while they computed this request ",
                            Progress(), ", the last was ", worker_name_, "; it is not tried again")),
                        "REQUEST_ENDS_WORKERS"));
        return;
      case FailoverPolicy::Verdict::kTooManyLosses:
        Fail(WithReason(
            absl::UnavailableError(absl::StrCat(FailoverPolicy::kMaxLosses, " attempts to go on ", Progress(),
                                                " failed, the last on worker ", worker_name_, ": ",
                                                status.error_message(), "; try again")),
            "WORKER_LOST", {{"worker", worker_name_}}));
        return;
      case FailoverPolicy::Verdict::kTryAgain:
        break;
    }
  }
  const char* const reason = leaving_ ? "retired" : FailoverReason(*lost);
  served_->metrics().CountFailover(reason);
  spdlog::debug("request {}: worker {} is {} {} ({})", request_id_, worker_name_, reason, Progress(),
                status.error_message());
  FindWorker(lost.get(), planned ? absl::ZeroDuration() : policy_.delay());
}

void Generation::FindWorker(const WorkerLink* lost, absl::Duration delay) {
  if (delay == absl::ZeroDuration()) {
    absl::StatusOr<WorkerLease> worker = served_->pool().Pick(Wanted(lost));
    if (worker.ok()) {
      GoOn(*std::move(worker));
      return;
    }
    // If the lost one is all that seems to be there, the news of its end is still on the way.
    delay = kAskAgain;
  }
  Await(delay);
}

void Generation::Await(absl::Duration delay) {
  served_->waiters().Add(std::shared_ptr<WorkerWaiters::Waiter>(self_.lock(), this), absl::Now() + delay,
                         *lost_at_ + serving_.failover_time);
}

void Generation::OnWake() {
  const absl::MutexLock lock(mutex_);
  if (ended_) {
    return;
  }
  absl::StatusOr<WorkerLease> worker = served_->pool().Pick(Wanted(nullptr));
  if (worker.ok()) {
    GoOn(*std::move(worker));
  } else if (!LostForTooLong()) {
    Await(kAskAgain);
  } else if (worker_name_.empty()) {
    Fail(worker.status());
  } else {
    FailWithoutSuccessor(worker.status().message());
  }
}

bool Generation::LostForTooLong() const { return absl::Now() >= *lost_at_ + serving_.failover_time; }

void Generation::FailWithoutSuccessor(absl::string_view why) {
  Fail(WithReason(absl::UnavailableError(absl::StrCat(
                      "worker ", worker_name_, " went away ", Progress(), ", and none could go on within ",
                      absl::FormatDuration(serving_.failover_time), ": ", why)),
                  "WORKER_LOST", {{"worker", worker_name_}}));
}

void Generation::Fail(const absl::Status& status) {
  Stop();
  owner_->OnFailed(status);
}

void Generation::Stop() {
  ended_ = true;
  if (served_ != nullptr) {
    served_->waiters().Remove(this);
  }
  if (tokenizing_ != nullptr) {
    tokenizing_->context.TryCancel();
  }
  if (stream_ != nullptr) {
    stream_->Cancel();
  } else {
    worker_.Release();
    file_.reset();
  }
}

void Generation::Resume() {
  if (stream_ != nullptr) {
    stream_->Resume();
  }
}

void Generation::MoveFrom(const WorkerLink& link) {
  if (!ended_ && !leaving_ && stream_ != nullptr && worker_.link().get() == &link) {
    leaving_ = true;
    stream_->Cancel();
  }
}

std::string Generation::Progress() const { return absl::StrCat("after ", num_tokens(), " tokens"); }

}  // namespace bitnet
