// Which web pages may call: cross-origin resource sharing (fetch.spec.whatwg.org, "CORS protocol").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "service/http/http_answer.h"

namespace bitnet {

// Headers for an answer to a page of `origin`, the request's header, "" if it has none. None unless `allowed`
// has that origin, "https://example.org", or "*".
HttpHeaders CorsHeaders(const std::vector<std::string>& allowed, std::string_view origin);

// What a browser is told that asks before it sends the request itself (OPTIONS).
HttpAnswer CorsPreflight();

}  // namespace bitnet
