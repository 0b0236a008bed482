// JSON as the OpenAI surface reads and writes it: with its fields in the order in which they were written.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace bitnet::openai {

using Json = nlohmann::ordered_json;

// What is written and copied one call inside the other must not be deeper.
inline constexpr int kMaxJsonDepth = 128;

// Discarded (is_discarded()) if `text` is no JSON, or deeper than that.
Json ParseJson(std::string_view text);

// Bytes that are not UTF-8, of a part of a character, become U+FFFD.
inline std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace bitnet::openai
