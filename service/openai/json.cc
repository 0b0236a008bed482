#include "service/openai/json.h"

namespace bitnet::openai {
namespace {

bool IsTooDeep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char byte = text[i];
    if (in_string) {
      if (byte == '\\') {
        ++i;
      } else if (byte == '"') {
        in_string = false;
      }
    } else if (byte == '"') {
      in_string = true;
    } else if (byte == '[' || byte == '{') {
      if (++depth > kMaxJsonDepth) {
        return true;
      }
    } else if (byte == ']' || byte == '}') {
      --depth;
    }
  }
  return false;
}

}  // namespace

Json ParseJson(std::string_view text) {
  return IsTooDeep(text) ? Json(Json::value_t::discarded)
                         : Json::parse(text, nullptr, /*allow_exceptions=*/false);
}

}  // namespace bitnet::openai
