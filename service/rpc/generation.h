// One answer or embedding, made by as many workers as it takes.
#pragma once

#include <grpcpp/client_context.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "proto/bitnet/v1/inference.pb.h"
#include "proto/bitnet/worker/v1/worker.pb.h"
#include "service/router/prefix_memory.h"
#include "service/router/worker_link.h"
#include "service/router/worker_waiters.h"
#include "service/rpc/answer_energy.h"
#include "service/rpc/call_registry.h"
#include "service/rpc/failover_policy.h"
#include "service/rpc/serving.h"
#include "service/rpc/worker_stream.h"

namespace bitnet {

// Has a worker make tokens of the prompt, and a worker generate. When that one is lost, it goes on with
// another: prompt, seed and the tokens so far are here, and with them any worker gives what the lost one
// would have given. While there is none it waits for one. Each token is delivered once, in order.
//
// One stream at a time: the next attempt begins when the last one's stream has ended. What it was still
// bringing then is dropped, and generated again.
//
// An embedding is an answer without tokens, and otherwise goes the same way.
//
// Part of its owner, a call, whose lock guards it: the owner holds it whenever it calls, and is called with
// it held.
class Generation final : private WorkerStream::Listener, private WorkerWaiters::Waiter {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    // The prompt's tokens are known, and nothing is computed yet. An error ends the generation: OnFailed
    // follows.
    virtual absl::Status OnPrepared() = 0;
    // Token by token, each index once.
    virtual void OnToken(const worker::v1::GeneratedToken& token) = 0;
    // In the place of tokens, if it is wanted; again if its worker is lost right after.
    virtual void OnEmbedding(v1::Embedding /*embedding*/) {}
    // After those that came together. False: no more for now, until Resume.
    virtual bool OnTokensTaken() = 0;
    // The last calls: one of them, unless Stop came first.
    virtual void OnFinished(v1::FinishReason reason, const v1::Usage& usage) = 0;
    virtual void OnFailed(const absl::Status& status) = 0;
  };

  // Borrows all but `serving`, whose parts outlive it as well.
  Generation(Owner* owner, absl::Mutex* mutex, const std::string& request_id,
             const v1::GenerateRequest& request, const Serving& serving);

  // Before Start: the prompt's embedding is wanted. After OnPrepared nothing is done until Compute is called,
  // which may be from within.
  void WantEmbedding(v1::Pooling pooling) { dispatched_.set_embed(pooling); }
  void Compute();

  // `self` keeps the owner, and so this, until the generation has ended. `served` is borrowed. An empty
  // `worker`: there is none now.
  void Start(std::shared_ptr<Generation> self, ServedModel* served, WorkerLease worker,
             std::chrono::system_clock::time_point deadline);
  // Frees the worker; nothing is delivered any more. Any number of times.
  void Stop();
  void Resume();
  // The worker at `link` is going to leave: goes on elsewhere, if it is the one that generates.
  void MoveFrom(const WorkerLink& link);

  uint32_t prompt_tokens() const { return static_cast<uint32_t>(dispatched_.prompt_size()); }
  // How long the answer is taken to be: max_tokens, as far as they fit the context; 256 if there are none. Of
  // an embedding 1: it takes a step at least.
  uint32_t expected_tokens() const;
  uint64_t prefix() const { return PrefixMemory::Hash({dispatched_.prompt().data(), prompt_tokens()}); }
  uint32_t num_tokens() const { return static_cast<uint32_t>(dispatched_.generated_size()); }
  // Of the model's file whose worker made tokens of the prompt.
  const std::string& fingerprint() const { return model_.fingerprint(); }
  uint64_t seed() const { return dispatched_.sampling().seed(); }
  // When a worker began to compute it: the one that made its first token, once there is one.
  absl::Time admitted_at() const { return admitted_at_; }
  // A worker has taken it, this one or one that was lost since.
  bool accepted() const { return accepted_; }
  v1::Waiting::State state() const;
  // As far as it can be told from here, where queueing is part of the time to the first token.
  v1::Usage OwnUsage() const;
  // "after 3 tokens".
  std::string Progress() const;

 private:
  struct TokenizeCall {
    explicit TokenizeCall(CallRegistry* calls) : counted(calls) {}
    const CallRegistry::ClientCall counted;  // Goes after the context.
    grpc::ClientContext context;
    v1::TokenizeRequest request;
    v1::TokenizeResponse tokens;
  };

  // From gRPC and from the waiters: these take the lock.
  void OnTokenized(TokenizeCall& call, const grpc::Status& status);
  void OnStreamAccepted() override;
  void OnStreamEvent(const worker::v1::GenerateResponse& event) override;
  void OnStreamDone(const grpc::Status& status) override;
  void OnWake() override;

  // Does what is next with a worker: the prompt's tokens, or the answer's.
  void GoOn(WorkerLease worker);
  // The prompt's tokens are known.
  void Begin();
  void Tokenize();
  // With the prompt's tokens: all that each attempt is told.
  absl::Status Prepare();
  void Dispatch();
  // What it asks of the worker that generates.
  WorkerPool::Wanted Wanted(const WorkerLink* avoid) const;
  void NoteAdmission();
  void Finish(const worker::v1::GenerateFinished& finished);
  // Those that are next; returns whether to read on.
  bool AddTokens(const worker::v1::GeneratedTokens& tokens);
  void AddToken(const worker::v1::GeneratedToken& token);
  // An attempt ended with `status` and without an answer.
  void AttemptFailed(const grpc::Status& status);
  // Finds the next worker: another one than `lost` now, or the first that there is after `delay`.
  void FindWorker(const WorkerLink* lost, absl::Duration delay);
  void Await(absl::Duration delay);
  // Than an answer may be without a worker.
  bool LostForTooLong() const;
  void FailWithoutSuccessor(absl::string_view why);
  void EndPause(absl::Time now);
  // What only the front knows: attempts, pauses, and the energy of all attempts.
  void TellAttempts(v1::Usage& usage) const;
  void Fail(const absl::Status& status);

  Owner* const owner_;
  absl::Mutex* const mutex_;
  const std::string& request_id_;
  const v1::GenerateRequest& request_;
  const Serving serving_;

  std::weak_ptr<Generation> self_;
  ServedModel* served_ = nullptr;  // From Start on.
  v1::Model model_;                // As of the file.
  std::chrono::system_clock::time_point deadline_;
  bool prepared_ = false;
  bool accepted_ = false;
  bool ended_ = false;
  worker::v1::GenerateRequest dispatched_;  // With the tokens so far, as the next attempt will need them.

  // Kept once a worker has made tokens of the prompt: the answer goes on with the same weights.
  FileUse file_;

  // The attempt.
  WorkerLease worker_;
  std::string worker_name_;
  std::shared_ptr<TokenizeCall> tokenizing_;
  WorkerStream* stream_ = nullptr;  // Owns itself; set to null by OnStreamDone.
  bool taken_ = false;              // The worker has it,
  bool admitted_ = false;           // and computes it.
  bool leaving_ = false;            // The stream is cancelled in order to go on elsewhere.

  // Between attempts.
  FailoverPolicy policy_;
  std::optional<absl::Time> lost_at_;  // Until the next token.
  absl::Duration paused_ = absl::ZeroDuration();
  AnswerEnergy energy_;

  absl::Time dispatched_at_, admitted_at_, first_token_at_, last_token_at_;
};

}  // namespace bitnet
