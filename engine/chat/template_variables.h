// What a chat template is told: the messages, the tools, and more.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/chat/chat_template.h"
#include "engine/chat/jinja/value.h"

namespace bitnet {

struct TemplateVariables {
  std::vector<std::pair<std::string, jinja::Value>> values;
  size_t input_bytes;  // Of all that the caller gave.
};

// `special_tokens` are names and texts. Roles and those texts count as the template's own, all else as the
// user's. INVALID_ARGUMENT names the message, "tools" or "variables" that is no JSON of its kind.
absl::StatusOr<TemplateVariables> MakeTemplateVariables(
    std::span<const ChatMessage> messages, const ChatOptions& options,
    std::span<const std::pair<std::string, std::string>> special_tokens);

}  // namespace bitnet
