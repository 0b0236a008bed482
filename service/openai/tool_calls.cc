#include "service/openai/tool_calls.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/rpc/request_id.h"

namespace bitnet::openai {
namespace {

constexpr std::string_view kOpen = "<tool_call>";
constexpr std::string_view kClose = "</tool_call>";
constexpr std::string_view kSpace = " \n\r\t";

// How much of the end of `text` may be the beginning of `marker`.
size_t PartOf(std::string_view marker, std::string_view text) {
  for (size_t length = std::min(marker.size() - 1, text.size()); length > 0; --length) {
    if (text.ends_with(marker.substr(0, length))) {
      return length;
    }
  }
  return 0;
}

}  // namespace

Json ToJson(const ToolCall& call) {
  return {{"id", call.id},
          {"type", "function"},
          {"function", {{"name", call.name}, {"arguments", call.arguments}}}};
}

std::optional<ToolCall> ParseToolCall(std::string_view text) {
  const Json json = ParseJson(text);
  if (!json.is_object() || !json.contains("name") || !json["name"].is_string()) {
    return std::nullopt;
  }
  const char* const key = json.contains("arguments") ? "arguments" : "parameters";
  if (!json.contains(key) || !json[key].is_object()) {
    return std::nullopt;
  }
  return ToolCall{.id = absl::StrCat("call_", DrawRequestId().substr(0, 24)),
                  .name = json["name"].get<std::string>(),
                  .arguments = Dump(json[key])};
}

std::string ToolCallParser::Add(std::string_view text) {
  pending_ += text;
  if (!begun_) {
    const size_t first = pending_.find_first_not_of(kSpace);
    if (first == std::string::npos) {
      return "";
    }
    begun_ = true;
    is_json_ = pending_[first] == '{';
  }
  if (is_json_) {
    return "";
  }
  std::string certain;
  for (size_t before = 0; before != pending_.size();) {
    before = pending_.size();
    certain += in_call_ ? ReadCall(/*at_end=*/false) : ReadText();
  }
  return certain;
}

std::string ToolCallParser::ReadText() {
  const size_t open = pending_.find(kOpen);
  const size_t end = open != std::string::npos ? open : pending_.size() - PartOf(kOpen, pending_);
  std::string text = pending_.substr(0, end);
  // White space before a call and between two is no text of the answer.
  const bool is_gap = at_gap_ && text.find_first_not_of(kSpace) == std::string::npos;
  if (open != std::string::npos) {
    in_call_ = true;
    pending_.erase(0, open + kOpen.size());
    return is_gap ? "" : text;
  }
  if (is_gap) {
    return "";  // Until it is known what follows.
  }
  at_gap_ = false;
  pending_.erase(0, end);
  return text;
}

std::string ToolCallParser::ReadCall(bool at_end) {
  const size_t close = pending_.find(kClose);
  if (close == std::string::npos && !at_end) {
    return "";
  }
  const std::string inside = pending_.substr(0, close);
  const bool closed = close != std::string::npos;
  pending_.erase(0, closed ? close + kClose.size() : pending_.size());
  in_call_ = false;
  if (std::optional<ToolCall> call = ParseToolCall(inside)) {
    calls_.push_back(*std::move(call));
    at_gap_ = had_call_ = true;
    return "";
  }
  at_gap_ = false;
  return absl::StrCat(std::string(kOpen), inside, closed ? std::string(kClose) : "");
}

std::string ToolCallParser::Finish() {
  if (in_call_) {
    return ReadCall(/*at_end=*/true);
  }
  if (is_json_) {
    if (std::optional<ToolCall> call = ParseToolCall(pending_)) {
      calls_.push_back(*std::move(call));
      return "";
    }
  }
  std::string rest = std::exchange(pending_, "");
  const bool is_gap = at_gap_ && rest.find_first_not_of(kSpace) == std::string::npos;
  return is_gap && had_call_ ? "" : rest;
}

std::vector<ToolCall> ToolCallParser::TakeCalls() { return std::exchange(calls_, {}); }

}  // namespace bitnet::openai
