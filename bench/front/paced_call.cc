#include "bench/front/paced_call.h"

#include <utility>

#include "bench/front/stamp.h"

namespace bitnet {

PacedCall* PacedCall::Start(const worker::v1::GenerateRequest& request, bool stamped, PacedEngine* engine) {
  auto* call = new PacedCall(request, stamped, engine);  // Deletes itself in OnDone.
  engine->Submit(call);
  return call;
}

PacedCall::PacedCall(const worker::v1::GenerateRequest& request, bool stamped, PacedEngine* engine)
    : attempt_(request.attempt()),
      prompt_tokens_(static_cast<uint32_t>(request.prompt_size())),
      max_tokens_(request.max_tokens()),
      stamped_(stamped),
      engine_(engine),
      num_tokens_(static_cast<uint32_t>(request.generated_size())) {}

void PacedCall::OnAdmitted() {
  const absl::MutexLock lock(&mutex_);
  worker::v1::GenerateResponse event;
  event.mutable_admitted()->set_attempt(attempt_);
  queue_.Add(std::move(event));
  Advance();
}

bool PacedCall::OnToken() {
  const absl::MutexLock lock(&mutex_);
  queue_.AddToken(attempt_, Token());
  if (++num_tokens_ == max_tokens_) {
    queue_.Add(Finished());
    complete_ = true;
  }
  Advance();
  return !complete_;
}

worker::v1::GeneratedToken PacedCall::Token() const {
  worker::v1::GeneratedToken token;
  token.mutable_token()->set_index(num_tokens_);
  token.mutable_token()->set_id('a' + num_tokens_ % 26);
  token.set_text(stamped_ ? Stamp(SteadyNanoseconds()) : " word");
  return token;
}

worker::v1::GenerateResponse PacedCall::Finished() const {
  worker::v1::GenerateResponse event;
  event.mutable_finished()->set_attempt(attempt_);
  event.mutable_finished()->set_reason(v1::FINISH_REASON_LENGTH);
  event.mutable_finished()->mutable_usage()->set_prompt_tokens(prompt_tokens_);
  event.mutable_finished()->mutable_usage()->set_generated_tokens(num_tokens_);
  return event;
}

void PacedCall::OnWriteDone(bool ok) {
  const absl::MutexLock lock(&mutex_);
  queue_.OnWritten();
  gone_ = gone_ || !ok;
  Advance();
}

void PacedCall::OnCancel() {
  engine_->Remove(this);
  const absl::MutexLock lock(&mutex_);
  gone_ = true;
  Advance();
}

void PacedCall::OnDone() {
  engine_->Remove(this);
  delete this;
}

void PacedCall::Advance() {
  if (queue_.writing() || ended_) {
    return;
  }
  if (!gone_ && !queue_.empty()) {
    StartWrite(&queue_.StartWrite());
  } else if (gone_ || complete_) {
    ended_ = true;
    Finish(gone_ ? grpc::Status::CANCELLED : grpc::Status::OK);
  }
}

}  // namespace bitnet
