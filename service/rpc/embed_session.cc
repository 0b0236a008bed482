#include "service/rpc/embed_session.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "service/admission/deadline_check.h"
#include "service/errors/error_details.h"
#include "service/errors/field_violations.h"
#include "service/rpc/request_id.h"
#include "service/rpc/validate.h"
#include "spdlog/spdlog.h"

namespace bitnet {
namespace {

constexpr int64_t kMaxTokens = 300000;  // As OpenAI has it, and inference.proto promises.

v1::GenerateRequest ToGenerateRequest(const v1::EmbedRequest& request, const v1::EmbedInput& input) {
  v1::GenerateRequest out;
  if (input.has_token_ids()) {
    *out.mutable_token_ids() = input.token_ids();
  } else {
    out.set_text(input.text());
  }
  out.set_priority(request.priority());
  *out.mutable_adapters() = request.adapters();
  return out;
}

}  // namespace

class EmbedSession::Input final : public Generation::Owner {
 public:
  Input(EmbedSession* session, size_t index)
      : session_(session),
        index_(index),
        request_(ToGenerateRequest(session->request_, session->request_.inputs(static_cast<int>(index)))),
        generation_(this, &session->mutex_, session->request_id_, request_, session->serving_) {
    generation_.WantEmbedding(session->request_.pooling());
  }

  Generation& generation() { return generation_; }
  const Generation& generation() const { return generation_; }

 private:
  absl::Status OnPrepared() override { return session_->OnPrepared(*this); }
  void OnToken(const worker::v1::GeneratedToken& /*token*/) override {}
  bool OnTokensTaken() override { return true; }
  void OnEmbedding(v1::Embedding embedding) override { embedding_ = std::move(embedding); }
  void OnFinished(v1::FinishReason /*reason*/, const v1::Usage& usage) override {
    session_->OnEmbedded(std::move(embedding_), index_, usage);
  }
  void OnFailed(const absl::Status& status) override {
    session_->EndWith(InPath(status, absl::StrCat("inputs[", index_, "]")));
  }

  EmbedSession* const session_;
  const size_t index_;
  const v1::GenerateRequest request_;
  Generation generation_;
  v1::Embedding embedding_;
};

EmbedSession::EmbedSession(v1::EmbedRequest request, const char* method, const Serving& serving,
                           Authenticator::Admitted caller, std::string client)
    : request_(std::move(request)),
      method_(method),
      serving_(serving),
      client_(std::move(client)),
      arrived_(absl::Now()),
      request_id_(DrawRequestId()),
      caller_(std::move(caller)) {}

EmbedSession::~EmbedSession() = default;

void EmbedSession::Start(std::chrono::system_clock::time_point deadline, std::function<void(Result)> done) {
  const absl::MutexLock lock(&mutex_);
  done_ = std::move(done);
  if (const absl::Status status = Admit(deadline); !status.ok()) {
    EndWith(status);
  } else {
    Advance();
  }
}

absl::Status EmbedSession::Admit(std::chrono::system_clock::time_point deadline) {
  RETURN_IF_ERROR(ValidateEmbed(request_));
  RETURN_IF_ERROR(serving_.calls.CheckOpen());
  ASSIGN_OR_RETURN(served_, serving_.models.Find(request_.model()));
  RETURN_IF_ERROR(served_->Facts().status());
  ASSIGN_OR_RETURN(place_, serving_.admission.Enter(client_, std::min(request_.inputs_size(), kAtOnce)));
  if (serving_.failover_time <= absl::ZeroDuration()) {
    RETURN_IF_ERROR(served_->pool().CheckReady());
  }
  RETURN_IF_ERROR(serving_.calls.Enter(shared_from_this()));
  deadline_ = deadline;
  response_.set_model(served_->name());
  for (int i = 0; i < request_.inputs_size(); ++i) {
    inputs_.push_back(std::make_unique<Input>(this, static_cast<size_t>(i)));
    response_.add_embeddings();
  }
  return absl::OkStatus();
}

void EmbedSession::Advance() {
  if (std::exchange(advancing_, true)) {
    return;  // An input that was started below needs no worker for what is next, and is done with it already.
  }
  while (!ended_ && under_way_ < kAtOnce && next_ < inputs_.size()) {
    Input& input = *inputs_[next_++];
    ++under_way_;
    if (computing_) {
      input.generation().Compute();
    } else {
      StartInput(input);
    }
  }
  advancing_ = false;
}

void EmbedSession::StartInput(Input& input) {
  absl::StatusOr<WorkerLease> worker = served_->pool().Pick({});
  input.generation().Start(std::shared_ptr<Generation>(shared_from_this(), &input.generation()), served_,
                           worker.ok() ? *std::move(worker) : WorkerLease(), deadline_);
}

absl::Status EmbedSession::OnPrepared(const Input& input) {
  prompt_tokens_ += input.generation().prompt_tokens();
  const std::string& fingerprint = input.generation().fingerprint();
  if (num_done_ == 0) {
    fingerprint_ = fingerprint;
  } else if (fingerprint_ != fingerprint) {
    // Vectors of two models are not to be compared.
    return absl::UnavailableError(
        "the model's file was replaced while tokens were made of the inputs; try again");
  }
  --under_way_;
  if (++num_done_ == inputs_.size()) {
    RETURN_IF_ERROR(OnAllPrepared());
  }
  Advance();
  return absl::OkStatus();
}

absl::Status EmbedSession::OnAllPrepared() {
  if (prompt_tokens_ > kMaxTokens) {
    return InvalidField(
        "inputs", absl::StrFormat("have %d tokens together, wanted at most %d", prompt_tokens_, kMaxTokens));
  }
  constexpr uint64_t kNoPrefix = 0;
  RETURN_IF_ERROR(
      CheckDeadline(absl::FromChrono(deadline_) - absl::Now(), serving_.admission.ExpectedWait(),
                    served_->pool().PrefillTime(static_cast<uint32_t>(prompt_tokens_), kNoPrefix)));
  RETURN_IF_ERROR(place_.Charge(prompt_tokens_));
  computing_ = true;
  next_ = num_done_ = 0;
  return absl::OkStatus();
}

void EmbedSession::OnEmbedded(v1::Embedding embedding, size_t index, const v1::Usage& usage) {
  if (embedding.values().empty()) {
    EndWith(absl::InternalError(absl::StrCat("a worker gave no embedding of inputs[", index, "]")));
    return;
  }
  *response_.mutable_embeddings(static_cast<int>(index)) = std::move(embedding);
  v1::EmbedUsage& sum = *response_.mutable_usage();
  sum.set_prompt_tokens(sum.prompt_tokens() + usage.prompt_tokens());
  sum.set_cached_tokens(sum.cached_tokens() + usage.cached_tokens());
  sum.set_lost_attempts(sum.lost_attempts() + usage.attempts() - 1);
  if (usage.has_energy()) {
    energy_.EndAttempt();
    energy_.Update(usage.energy());
  }
  --under_way_;
  if (++num_done_ == inputs_.size()) {
    EndWith(absl::OkStatus());
  } else {
    Advance();
  }
}

void EmbedSession::End(const absl::Status& status) {
  const absl::MutexLock lock(&mutex_);
  EndWith(status);
}

void EmbedSession::EndWith(const absl::Status& status) {
  if (std::exchange(ended_, true)) {
    return;
  }
  ModelMetrics& metrics = served_ != nullptr ? served_->metrics() : serving_.metrics.ForModel("");
  metrics.CountEnd(method_, status, absl::Now() - arrived_);
  spdlog::debug("request {}: {} {}, {} of {} inputs {}", request_id_, method_,
                absl::StatusCodeToString(status.code()), num_done_, inputs_.size(),
                computing_ ? "embedded" : "tokenized");
  if (status.ok()) {
    place_.Begin();
    metrics.CountPromptTokens(response_.usage().prompt_tokens());
    metrics.CountCachedTokens(response_.usage().cached_tokens());
    energy_.FillIn(*response_.mutable_usage());
    done_(std::move(response_));
  } else {
    for (const auto& input : inputs_) {
      input->generation().Stop();
    }
    place_.Release();
    done_(WithRequestId(serving_.admission.WithRetry(status), request_id_));
  }
  caller_ = {};  // Its place among the caller's requests.
  serving_.calls.Leave(this);
}

void EmbedSession::MoveFrom(const WorkerLink& link) {
  const absl::MutexLock lock(&mutex_);
  for (const auto& input : inputs_) {
    input->generation().MoveFrom(link);
  }
}

}  // namespace bitnet
