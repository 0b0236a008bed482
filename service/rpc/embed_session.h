// One request for embeddings, from its arrival to its end.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "proto/bitnet/v1/inference.pb.h"
#include "service/rpc/answer_energy.h"
#include "service/rpc/generation.h"
#include "service/rpc/serving.h"

namespace bitnet {

// Each input is a generation of its own, that ends with an embedding: any worker may get it, and another one
// when that is lost. First all inputs become tokens, so that what is wrong with one of them is told before
// anything is computed; then they are computed, kAtOnce of them at a time. The first error is the end of all.
//
// Safe to share between threads.
class EmbedSession final : public RunningCall, public std::enable_shared_from_this<EmbedSession> {
 public:
  using Result = absl::StatusOr<v1::EmbedResponse>;

  // As many as a worker computes together (EngineOptions::max_sequences). More would only wait there, in the
  // way of others.
  static constexpr int kAtOnce = 16;

  // `method` is what it counts as, "Embed"; `client` is who may wait so much; `serving` outlives it.
  EmbedSession(v1::EmbedRequest request, const char* method, const Serving& serving,
               Authenticator::Admitted caller, std::string client);
  ~EmbedSession() override;

  const std::string& request_id() const { return request_id_; }

  // `done` is called once, with this object's lock held: from within Start or End, or on a thread of gRPC's
  // or the waiters'.
  void Start(std::chrono::system_clock::time_point deadline, std::function<void(Result)> done);

  void End(const absl::Status& status) override;
  void MoveFrom(const WorkerLink& link) override;

 private:
  class Input;

  absl::Status Admit(std::chrono::system_clock::time_point deadline);
  // Starts what may be under way beside what is: making tokens of the inputs, or computing them.
  void Advance();
  void StartInput(Input& input);
  // From the inputs:
  absl::Status OnPrepared(const Input& input);
  void OnEmbedded(v1::Embedding embedding, size_t index, const v1::Usage& usage);
  // All inputs are tokens: bounds, deadline and admission are checked with their number.
  absl::Status OnAllPrepared();
  // The first end counts.
  void EndWith(const absl::Status& status);

  const v1::EmbedRequest request_;
  const char* const method_;
  const Serving serving_;
  const std::string client_;
  const absl::Time arrived_;
  const std::string request_id_;

  absl::Mutex mutex_;  // Guards all that follows.
  Authenticator::Admitted caller_;
  std::function<void(Result)> done_;
  std::chrono::system_clock::time_point deadline_;
  ServedModel* served_ = nullptr;  // From Admit on, if it found one.
  Admission::Place place_;
  std::vector<std::unique_ptr<Input>> inputs_;
  bool advancing_ = false;
  bool computing_ = false;  // All are prepared.
  size_t next_ = 0;         // The first input that is not under way yet.
  size_t under_way_ = 0;
  size_t num_done_ = 0;  // Prepared; or embedded, once computing_.
  int64_t prompt_tokens_ = 0;
  std::string fingerprint_;  // Of the model's file that made tokens of the first input.
  bool ended_ = false;
  AnswerEnergy energy_;
  v1::EmbedResponse response_;
};

}  // namespace bitnet
