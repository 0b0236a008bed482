// Brings a generation's events from the engine's thread to the one that prints.
#pragma once

#include <deque>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "engine/generation.h"

namespace bitnet {

// Writing to a terminal or pipe may block, which a sink must not. Unbounded: an answer fits the context.
// Safe to use from several threads.
class TokenQueue : public GenerationSink {
 public:
  struct Finished {
    FinishReason reason;
    GenerationUsage usage;
  };
  struct Interrupted {};
  using Event = std::variant<GeneratedToken, Finished, Interrupted>;

  void OnToken(const GeneratedToken& token) override { Push(token); }
  void OnFinished(FinishReason reason, const GenerationUsage& usage) override {
    Push(Finished{reason, usage});
  }
  // Somebody wants it to end.
  void Interrupt() { Push(Interrupted{}); }

  // Waits for the next event.
  Event Pop();

 private:
  void Push(Event event);
  bool HasEvent() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !events_.empty(); }

  absl::Mutex mutex_;
  std::deque<Event> events_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace bitnet
