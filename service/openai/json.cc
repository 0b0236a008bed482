#include "service/openai/json.h"

#include "base/json_depth.h"

namespace bitnet::openai {

Json ParseJson(std::string_view text) {
  return NestsDeeper(text, kMaxJsonDepth) ? Json(Json::value_t::discarded)
                                          : Json::parse(text, nullptr, /*allow_exceptions=*/false);
}

}  // namespace bitnet::openai
