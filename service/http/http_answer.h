// What the HTTP listener says to a request; no sockets here.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace bitnet {

struct HttpAnswer {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body = {};
  std::string allow = {};    // Methods that are allowed, where `status` is 405.
  bool wants_token = false;  // 401: "WWW-Authenticate: Bearer" goes with it.
};

// Where the answers come from. Called on the listener's thread; must not block.
struct HttpSources {
  std::function<std::string()> metrics;     // The text of /metrics.
  std::function<absl::Status()> readiness;  // OK while requests are taken, else why not.
  // Whether this value of the header "authorization" may see the metrics.
  std::function<absl::Status(std::string_view authorization)> admit_to_metrics = [](std::string_view) {
    return absl::OkStatus();
  };
};

// GET and HEAD of /metrics, /healthz (200 while the process lives) and /readyz (200 or 503 with the reason).
// A query string is ignored. 401 where `authorization` may not see it.
HttpAnswer AnswerHttp(std::string_view method, std::string_view target, std::string_view authorization,
                      const HttpSources& sources);

}  // namespace bitnet
