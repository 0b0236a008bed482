// What the HTTP listener says to a request; no sockets here.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace bitnet {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpAnswer {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body = {};
  HttpHeaders headers = {};  // Further ones.
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

// 401, to who is not admitted without a token, with why.
HttpAnswer TokenWanted(const absl::Status& status);

// The path of a request's target: without its query.
inline std::string_view PathOf(std::string_view target) { return target.substr(0, target.find('?')); }

// GET and HEAD of /metrics, /healthz (200 while the process lives) and /readyz (200 or 503 with the reason).
// A query string is ignored. 401 where `authorization` may not see it.
HttpAnswer AnswerHttp(std::string_view method, std::string_view target, std::string_view authorization,
                      const HttpSources& sources);

}  // namespace bitnet
