#include "service/openai/prompts.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace bitnet::openai {
namespace {

constexpr char kWanted[] =
    "wanted a string, an array of strings, token ids, or an array of arrays of token ids";

bool AreTokenIds(const Json& value) {
  return value.is_array() && !value.empty() && std::ranges::all_of(value, [](const Json& id) {
           return id.is_number_unsigned() && id.get<uint64_t>() <= std::numeric_limits<uint32_t>::max();
         });
}

std::optional<v1::EmbedInput> ReadPrompt(const Json& prompt) {
  v1::EmbedInput out;
  if (prompt.is_string()) {
    out.set_text(prompt.get<std::string>());
  } else if (AreTokenIds(prompt)) {
    for (const Json& id : prompt) {
      out.mutable_token_ids()->add_ids(id.get<uint32_t>());
    }
  } else {
    return std::nullopt;
  }
  return out;
}

}  // namespace

std::vector<v1::EmbedInput> ReadPrompts(JsonFields& fields, const char* name) {
  const Json* const value = fields.Any(name);
  const bool several = value != nullptr && value->is_array() && !AreTokenIds(*value);
  if (value == nullptr || (several && value->empty())) {
    fields.Refuse(name, kWanted);
    return {};
  }
  std::vector<v1::EmbedInput> prompts;
  for (const Json& one : several ? *value : Json::array({*value})) {
    std::optional<v1::EmbedInput> prompt = ReadPrompt(one);
    if (!prompt.has_value()) {
      fields.Refuse(name, kWanted);
      return {};
    }
    prompts.push_back(*std::move(prompt));
  }
  return prompts;
}

}  // namespace bitnet::openai
