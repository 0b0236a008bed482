// A conversation in the terminal.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/cli/interrupts.h"
#include "engine/cli/options.h"
#include "engine/engine.h"

namespace bitnet {

// What has been said, kept short enough for the model's context.
class History {
 public:
  explicit History(const std::string& system);

  void Add(ChatRole role, std::string content) { turns_.push_back({role, std::move(content)}); }
  void Reset() { turns_.clear(); }
  // The tokens of all of it. While they are more than `max_tokens`, the oldest turns are forgotten, but
  // neither the system message nor the latest turn. Says how many turns that were.
  absl::StatusOr<std::vector<int32_t>> Encode(const ChatTemplate& chat, size_t max_tokens, int& forgotten);

 private:
  std::vector<ChatMessage> system_;  // One message, or none.
  std::vector<ChatMessage> turns_;
};

// How a conversation reaches its user; a test has its own.
struct ConversationTerminal {
  std::function<std::optional<std::string>()> read_line;  // Nothing at the end of input.
  std::function<void(std::string_view)> write;            // The answers.
  std::function<void(std::string_view)> note;             // Everything else.
};

// Goes on until the end of input or /exit. `first` is the user's first turn, if he has given it already.
absl::Status HoldConversation(Engine& engine, const InferOptions& options, std::optional<std::string> first,
                              Interrupts& interrupts, const ConversationTerminal& terminal);

}  // namespace bitnet
