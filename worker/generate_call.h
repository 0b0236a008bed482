// One Generate rpc, of an answer or an embedding: the engine's events, written to the stream one at a time
// and in order.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "base/sensors/energy_source.h"
#include "engine/engine.h"
#include "proto/bitnet/worker/v1/worker.pb.h"
#include "worker/call_gate.h"
#include "worker/response_queue.h"

namespace bitnet {

// Events come on the engine's thread, reactions on gRPC's. Neither waits for the other: events queue here, at
// most max_tokens of them, and the next write begins where the last one ended.
//
// The rpc and the engine each hold a reference, and the last to let go deletes the call: gRPC after OnDone,
// the engine after OnFinished. Since the rpc is not finished before the engine is, a client that leaves early
// frees its slot by way of Engine::Cancel, and nothing outlives anything it uses.
class GenerateCall final : public grpc::ServerWriteReactor<worker::v1::GenerateResponse>,
                           private GenerationSink {
 public:
  // For gRPC to run. `engine` and `gate` are borrowed until the call has left the gate. `energy` is what the
  // engine's joules are counted by, and outlives it; null: they are not.
  static GenerateCall* Start(const worker::v1::GenerateRequest& request, Engine* engine, CallGate* gate,
                             const EnergyLabel* energy);

 private:
  GenerateCall(uint32_t attempt, Engine* engine, CallGate* gate, const EnergyLabel* energy);
  ~GenerateCall() override;

  absl::Status Submit(const worker::v1::GenerateRequest& request);
  void Release();
  // Has `add` put something into the queue, and writes it when it is its turn.
  template <typename Add>
  void Enqueue(const Add& add);

  void OnAdmitted() override;
  void OnToken(const GeneratedToken& token) override;
  void OnEmbedding(std::span<const float> embedding) override;
  void OnFinished(FinishReason reason, const GenerationUsage& usage) override;

  void OnWriteDone(bool ok) override;
  void OnCancel() override { CancelGeneration(); }
  void OnDone() override { Release(); }

  void CancelGeneration();
  // Writes what is next, or ends the rpc, unless a write is under way or there is nothing to do yet.
  void Advance();

  const uint32_t attempt_;
  Engine* const engine_;
  const Tokenizer& tokenizer_;  // Kept because a sink may not call the engine.
  CallGate* const gate_;
  const EnergyLabel* const energy_;
  const bool admitted_;
  // Empty if the engine refused. Set before any reaction: gRPC runs none until it has been handed the call.
  std::optional<GenerationId> id_;
  std::atomic<int> references_{2};

  absl::Mutex mutex_;  // Held neither while calling the engine nor while calling gRPC.
  ResponseQueue queue_ ABSL_GUARDED_BY(mutex_);
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;       // A write failed: nobody reads any more.
  bool engine_done_ ABSL_GUARDED_BY(mutex_) = false;  // OnFinished was called, or never will be.
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;        // Finish was called.
  absl::Status status_ ABSL_GUARDED_BY(mutex_);       // What the rpc ends with.
};

}  // namespace bitnet
