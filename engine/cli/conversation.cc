#include "engine/cli/conversation.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/cli/generate.h"
#include "engine/cli/prompt.h"
#include "engine/cli/summary.h"

namespace bitnet {
namespace {

// Room for the answer that history may not take, as far as the context allows.
constexpr size_t kAnswerRoom = 512;

size_t MaxPromptTokens(const Engine& engine, const InferOptions& options) {
  const size_t context = engine.config().max_seq_len;
  const size_t wanted = options.max_tokens > 0 ? static_cast<size_t>(options.max_tokens) : kAnswerRoom;
  return context - std::min(wanted, context / 2);
}

absl::Status AnswerTurn(Engine& engine, const InferOptions& options, History& history, Interrupts& interrupts,
                        const ConversationTerminal& terminal) {
  int forgotten = 0;
  ASSIGN_OR_RETURN(std::vector<int32_t> ids,
                   history.Encode(engine.chat(), MaxPromptTokens(engine, options), forgotten));
  if (forgotten > 0) {
    terminal.note(absl::StrCat("[the context is full: the oldest ", forgotten, " messages are forgotten]\n"));
  }
  if (options.verbose_prompt) {
    terminal.note(DescribeTokens(engine.tokenizer(), ids));
  }
  ASSIGN_OR_RETURN(Answer answer, Generate(engine, MakeRequest(options, std::move(ids)), options.stops,
                                           interrupts, terminal.write));
  terminal.write("\n");
  if (options.num_logprobs >= 0) {
    terminal.note(DescribeLogprobs(engine.tokenizer(), answer.tokens));
  }
  if (!options.quiet) {
    terminal.note(absl::StrCat("[", AnswerSummary(answer), "]\n"));
  }
  history.Add(ChatRole::kAssistant, std::move(answer.text));
  return absl::OkStatus();
}

}  // namespace

History::History(const std::string& system) {
  if (!system.empty()) {
    system_.push_back({ChatRole::kSystem, system});
  }
}

absl::StatusOr<std::vector<int32_t>> History::Encode(const ChatTemplate& chat, size_t max_tokens,
                                                     int& forgotten) {
  forgotten = 0;
  while (true) {
    std::vector<ChatMessage> messages = system_;
    messages.insert(messages.end(), turns_.begin(), turns_.end());
    ASSIGN_OR_RETURN(std::vector<int32_t> ids, chat.Encode(messages));
    if (ids.size() <= max_tokens || turns_.size() <= 1) {
      return ids;
    }
    // A question goes with its answer.
    const auto count = std::min<size_t>(2, turns_.size() - 1);
    turns_.erase(turns_.begin(), turns_.begin() + static_cast<ptrdiff_t>(count));
    forgotten += static_cast<int>(count);
  }
}

absl::Status HoldConversation(Engine& engine, const InferOptions& options, std::optional<std::string> first,
                              Interrupts& interrupts, const ConversationTerminal& terminal) {
  History history(options.system);
  while (std::optional<std::string> line =
             first.has_value() ? std::exchange(first, {}) : terminal.read_line()) {
    const std::string command(absl::StripAsciiWhitespace(*line));
    if (command == "/exit") {
      break;
    }
    if (command == "/reset") {
      history.Reset();
      terminal.note("[forgotten]\n");
      continue;
    }
    if (command.starts_with('/') && command.find(' ') == std::string::npos) {
      terminal.note(absl::StrCat("[", command, " is no command; there are /reset and /exit]\n"));
      continue;
    }
    if (command.empty()) {
      continue;
    }
    history.Add(ChatRole::kUser, *std::move(line));
    RETURN_IF_ERROR(AnswerTurn(engine, options, history, interrupts, terminal));
  }
  return absl::OkStatus();
}

}  // namespace bitnet
