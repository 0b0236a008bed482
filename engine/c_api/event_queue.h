// Brings a generation's events from the engine's thread to the one that reads them.
#pragma once

#include <deque>
#include <optional>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "engine/generation.h"

namespace bitnet {

// A reader may take its time, which a sink must not. Unbounded: an answer fits the context. Safe to use from
// several threads.
class EventQueue : public GenerationSink {
 public:
  struct Token {
    GeneratedToken token;  // Its span of logits is not to be used:
    std::vector<float> logits;
  };
  struct Finished {
    FinishReason reason;
    GenerationUsage usage;
  };
  using Event = std::variant<Token, Finished>;

  // Waits until the engine's thread has left.
  ~EventQueue() override { absl::MutexLock lock(&mutex_); }

  void OnToken(const GeneratedToken& token) override;
  void OnFinished(FinishReason reason, const GenerationUsage& usage) override {
    Push(Finished{reason, usage});
  }

  // Waits for the next event; nothing if none came in time.
  std::optional<Event> Pop(absl::Duration timeout);

 private:
  void Push(Event event);
  bool HasEvent() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !events_.empty(); }

  absl::Mutex mutex_;
  std::deque<Event> events_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace bitnet
