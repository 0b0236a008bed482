// An answer's events, and the wish that it ends, as the one who prints takes them.
#pragma once

#include <utility>
#include <variant>

#include "engine/event_queue.h"
#include "engine/generation.h"

namespace bitnet {

class TokenQueue : public GenerationSink {
 public:
  struct Finished {
    FinishReason reason;
    GenerationUsage usage;
  };
  struct Interrupted {};
  using Event = std::variant<GeneratedToken, Finished, Interrupted>;

  void OnToken(const GeneratedToken& token) override { queue_.Push(token); }
  void OnFinished(FinishReason reason, const GenerationUsage& usage) override {
    queue_.Push(Finished{reason, usage});
  }
  // Somebody wants it to end.
  void Interrupt() { queue_.Push(Interrupted{}); }

  // Waits for the next event.
  Event Pop() { return *queue_.Pop(absl::InfiniteDuration()); }

 private:
  EventQueue<Event> queue_;
};

}  // namespace bitnet
