#include "engine/cli/generate.h"

#include <cstdlib>
#include <utility>
#include <variant>

#include "absl/cleanup/cleanup.h"
#include "base/status_macros.h"
#include "base/stop_strings.h"
#include "base/utf8_stream.h"
#include "engine/cli/token_queue.h"

namespace bitnet {
namespace {

// From a token's bytes to text that may be shown.
class AnswerText {
 public:
  AnswerText(const std::vector<std::string>& stops, absl::FunctionRef<void(std::string_view)> write)
      : stops_(stops), write_(write) {}

  void Append(std::string_view bytes) { Show(stops_.Append(utf8_.Append(bytes))); }
  void Finish() {
    Show(stops_.Append(utf8_.Flush()));
    Show(stops_.Flush());
  }
  bool stopped() const { return stops_.matched().has_value(); }
  const std::string& text() const { return text_; }

 private:
  void Show(const std::string& text) {
    if (!text.empty()) {
      text_ += text;
      write_(text);
    }
  }

  Utf8Stream utf8_;
  StopStrings stops_;
  absl::FunctionRef<void(std::string_view)> write_;
  std::string text_;
};

AnswerEnd EndOf(FinishReason reason, bool stopped) {
  if (stopped) {
    return AnswerEnd::kStopString;
  }
  switch (reason) {
    case FinishReason::kEndToken:
      return AnswerEnd::kEndToken;
    case FinishReason::kLength:
      return AnswerEnd::kLength;
    case FinishReason::kCancelled:
    case FinishReason::kDeadEnd:
    case FinishReason::kEmbedded:
      break;
  }
  return AnswerEnd::kInterrupted;
}

}  // namespace

absl::StatusOr<Answer> Generate(Engine& engine, GenerationRequest request,
                                const std::vector<std::string>& stops, Interrupts& interrupts,
                                absl::FunctionRef<void(std::string_view)> write) {
  TokenQueue queue;
  interrupts.SetAction([&queue] { queue.Interrupt(); });
  const absl::Cleanup restore = [&interrupts] { interrupts.SetAction({}); };
  ASSIGN_OR_RETURN(const GenerationId id, engine.Submit(std::move(request), &queue));

  Answer answer;
  AnswerText text(stops, write);
  bool cancelled = false;
  while (true) {
    const TokenQueue::Event event = queue.Pop();
    if (const auto* token = std::get_if<GeneratedToken>(&event); token != nullptr && !cancelled) {
      text.Append(engine.tokenizer().TokenBytes(token->id));
      answer.tokens.push_back(*token);
      if (text.stopped()) {
        engine.Cancel(id);
        cancelled = true;
      }
    } else if (std::holds_alternative<TokenQueue::Interrupted>(event)) {
      engine.Cancel(id);
      cancelled = true;
      interrupts.SetAction({});
    } else if (const auto* finished = std::get_if<TokenQueue::Finished>(&event)) {
      text.Finish();
      if (finished->reason == FinishReason::kDeadEnd) {
        return absl::FailedPreconditionError(
            "the answer cannot go on: no token of the model's vocabulary is allowed next");
      }
      answer.text = text.text();
      answer.end = EndOf(finished->reason, text.stopped());
      answer.usage = finished->usage;
      return answer;
    }
  }
}

}  // namespace bitnet
