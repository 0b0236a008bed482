#include "worker/generate_call.h"

#include <utility>

#include "base/status_macros.h"
#include "proto/status_mapping.h"
#include "worker/messages.h"

namespace bitnet {

GenerateCall* GenerateCall::Start(const worker::v1::GenerateRequest& request, Engine* engine, CallGate* gate,
                                  const EnergyLabel* energy) {
  auto* call = new GenerateCall(request.attempt(), engine, gate, energy);
  if (absl::Status status = call->Submit(request); status.ok()) {
    // Tells the front that the request is in good hands, long before the first token, perhaps. Not in the way
    // of the engine's first write: until gRPC has been handed the call, it keeps both and does them in order.
    call->StartSendInitialMetadata();
  } else {
    {
      absl::MutexLock lock(&call->mutex_);
      call->engine_done_ = true;
      call->status_ = std::move(status);
    }
    call->Advance();
    call->Release();  // In the place of the engine, which does not know this call.
  }
  return call;
}

GenerateCall::GenerateCall(uint32_t attempt, Engine* engine, CallGate* gate, const EnergyLabel* energy)
    : attempt_(attempt),
      engine_(engine),
      tokenizer_(engine->tokenizer()),
      gate_(gate),
      energy_(energy),
      admitted_(gate->Enter()) {}

GenerateCall::~GenerateCall() { gate_->Leave(); }

absl::Status GenerateCall::Submit(const worker::v1::GenerateRequest& request) {
  if (!admitted_) {
    return absl::UnavailableError("the worker is stopping");
  }
  ASSIGN_OR_RETURN(GenerationRequest generation, ToGenerationRequest(request, tokenizer_.vocab_size()));
  ASSIGN_OR_RETURN(id_, engine_->Submit(std::move(generation), this));
  return absl::OkStatus();
}

void GenerateCall::Release() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    delete this;
  }
}

template <typename Add>
void GenerateCall::Enqueue(const Add& add) {
  {
    absl::MutexLock lock(&mutex_);
    if (broken_) {
      return;
    }
    add(queue_);
  }
  Advance();
}

void GenerateCall::OnAdmitted() {
  worker::v1::GenerateResponse response;
  response.mutable_admitted()->set_attempt(attempt_);
  Enqueue([&](ResponseQueue& queue) { queue.Add(std::move(response)); });
}

void GenerateCall::OnToken(const GeneratedToken& token) {
  worker::v1::GeneratedToken message = ToMessage(token, tokenizer_);
  Enqueue([&](ResponseQueue& queue) {
    queue.AddToken(attempt_, std::move(message), EnergyMessage(token.joules, energy_));
  });
}

void GenerateCall::OnEmbedding(std::span<const float> embedding) {
  worker::v1::GenerateResponse response = EmbeddingResponse(attempt_, embedding);
  Enqueue([&](ResponseQueue& queue) { queue.Add(std::move(response)); });
}

void GenerateCall::OnFinished(FinishReason reason, const GenerationUsage& usage) {
  {
    absl::MutexLock lock(&mutex_);
    engine_done_ = true;
    if (reason == FinishReason::kCancelled) {
      // If it was the client who cancelled, it does not read this. Otherwise the engine is going away.
      status_ = absl::UnavailableError("the worker is stopping");
    } else if (!broken_) {
      queue_.Add(FinishedResponse(attempt_, reason, usage, energy_));
    }
  }
  Advance();
  Release();
}

void GenerateCall::OnWriteDone(bool ok) {
  {
    absl::MutexLock lock(&mutex_);
    queue_.OnWritten();
    if (!ok) {
      broken_ = true;
      queue_.Clear();
      status_ = absl::CancelledError("the stream is broken");
    }
  }
  if (!ok) {
    CancelGeneration();
  }
  Advance();
}

void GenerateCall::CancelGeneration() {
  if (id_) {
    engine_->Cancel(*id_);
  }
}

void GenerateCall::Advance() {
  const worker::v1::GenerateResponse* next = nullptr;
  absl::Status status;
  {
    absl::MutexLock lock(&mutex_);
    if (queue_.writing() || ended_) {
      return;
    }
    if (!queue_.empty()) {
      next = &queue_.StartWrite();
    } else if (engine_done_) {
      ended_ = true;
      status = status_;
    } else {
      return;
    }
  }
  if (next != nullptr) {
    StartWrite(next);
  } else {
    // Not together with the last write: an error, or OK, must not overtake what was written before it.
    Finish(ToGrpcStatus(status));
  }
}

}  // namespace bitnet
