// An answer's events as the library's reader takes them.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "engine/event_queue.h"
#include "engine/generation.h"

namespace bitnet {

class AnswerSink : public GenerationSink {
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

  void OnToken(const GeneratedToken& token) override {
    queue_.Push(Token{token, {token.logits.begin(), token.logits.end()}});
  }
  void OnFinished(FinishReason reason, const GenerationUsage& usage) override {
    queue_.Push(Finished{reason, usage});
  }

  // Waits for the next event; nothing if none came in time.
  std::optional<Event> Pop(absl::Duration timeout) { return queue_.Pop(timeout); }

 private:
  EventQueue<Event> queue_;
};

}  // namespace bitnet
