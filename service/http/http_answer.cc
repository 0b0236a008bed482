#include "service/http/http_answer.h"

#include "absl/strings/str_cat.h"
#include "service/metrics/metrics_text.h"

namespace bitnet {
namespace {

HttpAnswer Metrics(const HttpSources& sources, std::string_view authorization) {
  if (const absl::Status status = sources.admit_to_metrics(authorization); !status.ok()) {
    return TokenWanted(status);
  }
  return {.content_type = kMetricsContentType, .body = sources.metrics()};
}

HttpAnswer Healthz(const HttpSources& /*sources*/, std::string_view /*authorization*/) {
  return {.body = "ok\n"};
}

HttpAnswer Readyz(const HttpSources& sources, std::string_view /*authorization*/) {
  const absl::Status status = sources.readiness();
  return status.ok() ? HttpAnswer{.body = "ready\n"}
                     : HttpAnswer{.status = 503, .body = absl::StrCat(status.message(), "\n")};
}

struct Route {
  std::string_view path;
  HttpAnswer (*answer)(const HttpSources& sources, std::string_view authorization);
};

constexpr Route kRoutes[] = {{"/metrics", Metrics}, {"/healthz", Healthz}, {"/readyz", Readyz}};

}  // namespace

HttpAnswer TokenWanted(const absl::Status& status) {
  return {.status = 401,
          .body = absl::StrCat(status.message(), "\n"),
          .headers = {{"WWW-Authenticate", "Bearer"}}};
}

HttpAnswer AnswerHttp(std::string_view method, std::string_view target, std::string_view authorization,
                      const HttpSources& sources) {
  const std::string_view path = PathOf(target);
  if (!path.starts_with('/')) {
    return {.status = 400, .body = "the target is not a path\n"};
  }
  for (const Route& route : kRoutes) {
    if (route.path != path) {
      continue;
    }
    if (method != "GET" && method != "HEAD") {
      return {.status = 405, .body = "use GET or HEAD\n", .headers = {{"Allow", "GET, HEAD"}}};
    }
    return route.answer(sources, authorization);
  }
  return {.status = 404, .body = "here are /metrics, /healthz and /readyz\n"};
}

}  // namespace bitnet
