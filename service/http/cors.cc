#include "service/http/cors.h"

#include <algorithm>

namespace bitnet {

HttpHeaders CorsHeaders(const std::vector<std::string>& allowed, std::string_view origin) {
  const bool is_allowed = std::ranges::any_of(
      allowed, [origin](const std::string& entry) { return entry == "*" || entry == origin; });
  if (origin.empty() || !is_allowed) {
    return {};
  }
  return {{"Access-Control-Allow-Origin", std::string(origin)},
          {"Access-Control-Expose-Headers", "X-Request-Id, Retry-After"},
          {"Vary", "Origin"}};
}

HttpAnswer CorsPreflight() {
  return {.status = 204,
          .headers = {{"Access-Control-Allow-Methods", "GET, POST"},
                      {"Access-Control-Allow-Headers", "Authorization, Content-Type"},
                      {"Access-Control-Max-Age", "600"}}};
}

}  // namespace bitnet
