// How a conversation is written for the model.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/tokenizer/tokenizer.h"

namespace bitnet {

// The format BitNet-b1.58-2B-4T was trained with: the beginning-of-sequence token, then for each message its
// role, capitalised, ": ", its content without white space around it, and <|eot_id|>; then "Assistant: ". The
// template inside the model files is another one, a placeholder that the model never saw.
//
// Role and content are encoded together as plain text, so that ": " merges with the first word as in training
// and nothing in a content can become a marker. `end_of_turn` is the id of <|eot_id|>.
std::vector<int32_t> EncodeChatFormat(const Tokenizer& tokenizer, int32_t end_of_turn,
                                      std::span<const ChatMessage> messages);

// The id of <|eot_id|>, by which we know a model of this format.
std::optional<int32_t> FindEndOfTurn(const Tokenizer& tokenizer);

// Without the white space at both ends, as Python's str.strip() and so the original template defines it: that
// of Unicode, and the four ASCII separators 0x1C to 0x1F.
std::string_view TrimContent(std::string_view content);

}  // namespace bitnet
