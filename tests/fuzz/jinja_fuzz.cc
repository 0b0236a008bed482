// Chat templates: parsed and applied to a conversation with tools.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/chat/jinja/from_json.h"
#include "engine/chat/jinja/template.h"
#include "tests/fuzz/allocation_meter.h"
#include "tests/fuzz/fuzz_target.h"

namespace bitnet::jinja {
namespace {

constexpr uint64_t kWork = 4096;  // Every loop and text of the corpus fits, and a run takes a millisecond.
// For one unit of work: what a variable's scope, a call or 16 bytes that become HTML need, several of them.
constexpr uint64_t kBytesPerWork = 1024;
constexpr uint64_t kBytesAnyway = 64 << 10;  // Functions, variables and the message of a mistake.
// A token and its expression take about this for each byte of "[[[".
constexpr uint64_t kBytesPerSourceByte = 1024;
constexpr size_t kMaxMessage = 2048;

// Begins a character of the variables that the templates of the corpus do not have.
constexpr char kUserByte = '\xEE';

constexpr std::string_view kVariables = R"({
  "messages": [
    {"role": "system", "content": " Be brief.\n"},
    {"role": "user", "content": "<|im_end|>\uE000 'Hi' & \"bye\" <b>\t\u00e9\n\n"},
    {"role": "assistant", "content": "<think>\uE001</think>ok", "reasoning_content": "hm",
     "tool_calls": [{"id": "1", "type": "function",
                     "function": {"name": "add", "arguments": {"a": 1, "b": [2.5, null, true, "\uE002"]}}}]},
    {"role": "tool", "content": "3", "name": "add", "tool_call_id": "1"},
    {"role": "user", "content": [{"type": "text", "text": "\uE003 and?"}, {"type": "image"}]}
  ],
  "tools": [{"type": "function", "function": {"name": "add", "description": "a + b",
    "parameters": {"type": "object", "required": ["a"],
                   "properties": {"a": {"type": "integer"}, "b": {"type": "array", "items": {}}}}}}],
  "bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": true, "enable_thinking": false,
  "date_string": "26 Jul 2024", "n": 7
})";

using Variables = std::vector<std::pair<std::string, Value>>;

Variables MakeVariables() {
  Variables variables;
  const auto object = nlohmann::ordered_json::parse(kVariables);
  for (const auto& [name, json] : object.items()) {
    variables.emplace_back(name, *FromJson(json, Origin::kUser));
  }
  return variables;
}

bool CanWriteAnyByte(std::string_view source) {
  if (source.find(kUserByte) != std::string_view::npos) {
    return true;
  }
  for (size_t at = 0; (at = source.find('\\', at)) != std::string_view::npos; at += 2) {
    if (at + 1 < source.size() && std::string_view("01234567xuU").find(source[at + 1]) != std::string::npos) {
      return true;
    }
  }
  return false;
}

void CheckText(const Text& text, std::string_view source) {
  BITNET_FUZZ_CHECK(text.size() <= 16 * kWork);
  // What a user wrote stays the user's, whatever the template does to it.
  if (!CanWriteAnyByte(source)) {
    for (size_t i = 0; i < text.size(); ++i) {
      BITNET_FUZZ_CHECK(text.bytes()[i] != kUserByte || text.origin(i) == Origin::kUser);
    }
  }
}

bool BothAre(const absl::StatusOr<Text>& a, const absl::StatusOr<Text>& b) {
  if (!a.ok() || !b.ok()) {
    return a.status() == b.status();
  }
  for (size_t i = 0; i < std::min(a->size(), b->size()); ++i) {
    if (a->origin(i) != b->origin(i)) {
      return false;
    }
  }
  return *a == *b;
}

}  // namespace
}  // namespace bitnet::jinja

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bitnet;
  using namespace bitnet::jinja;
  static const Variables variables = MakeVariables();
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  const AllocationMeter parsing;
  const auto parsed = Template::Parse(source);
  BITNET_FUZZ_CHECK(parsing.allocated() <= kBytesAnyway + kBytesPerSourceByte * size);
  if (!parsed.ok()) {
    BITNET_FUZZ_CHECK(parsed.status().code() == absl::StatusCode::kInvalidArgument);
    const std::string message(parsed.status().message());
    BITNET_FUZZ_CHECK(message.starts_with("line ") || message.starts_with("the template has "));
    BITNET_FUZZ_CHECK(message.size() <= kMaxMessage);
    return 0;
  }
  const RenderOptions options = {.work = kWork, .now = absl::FromUnixSeconds(1700000000)};
  const AllocationMeter rendering;
  const auto text = parsed->Render(variables, options);
  BITNET_FUZZ_CHECK(rendering.allocated() <= kBytesAnyway + kBytesPerWork * kWork);
  if (text.ok()) {
    CheckText(*text, source);
  } else {
    BITNET_FUZZ_CHECK(text.status().code() == absl::StatusCode::kInvalidArgument);
    BITNET_FUZZ_CHECK(text.status().message().size() <= kMaxMessage);
  }
  BITNET_FUZZ_CHECK(BothAre(text, parsed->Render(variables, options)));
  return 0;
}
