#include "service/dashboard/dashboard.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "service/dashboard/embedded_file.h"

// GCC 12 inlines the frame's operator new of Asio and not its operator delete, and takes them for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace bitnet {
namespace {

using boost::asio::awaitable;

constexpr std::string_view kFolder = "/dashboard/";
constexpr std::string_view kEvents = "/events";
constexpr absl::Duration kPeriod = absl::Seconds(1);

const char* TypeOf(std::string_view name) {
  if (name.ends_with(".html")) {
    return "text/html; charset=utf-8";
  }
  return name.ends_with(".css") ? "text/css; charset=utf-8" : "text/javascript; charset=utf-8";
}

HttpAnswer AnswerFile(std::string_view path) {
  const std::string_view name = path == "/" ? "index.html" : path.substr(kFolder.size());
  for (const EmbeddedFile& file : DashboardFiles()) {
    if (file.name == name) {
      return {.content_type = TypeOf(name),
              .body = std::string(file.bytes),
              // Nothing of other servers; styles of the chart library are set one by one.
              .headers = {{"Content-Security-Policy",
                           "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:; "
                           "frame-ancestors 'none'"},
                          {"X-Content-Type-Options", "nosniff"},
                          {"Cache-Control", "no-cache"}}};
    }
  }
  return {.status = 404, .body = absl::StrCat("there is no ", std::string(path), " here\n")};
}

// An event whose data is `text`, line by line.
std::string MetricsEvent(std::string text) {
  if (text.ends_with('\n')) {
    text.pop_back();
  }
  return absl::StrCat("event: metrics\ndata: ", absl::StrReplaceAll(text, {{"\n", "\ndata: "}}), "\n\n");
}

// All but the events.
std::optional<HttpAnswer> AnswerAtOnce(const HttpExchange& exchange, const HttpSources& sources) {
  if (exchange.method() != "GET" && exchange.method() != "HEAD") {
    return HttpAnswer{.status = 405, .body = "use GET\n", .headers = {{"Allow", "GET, HEAD"}}};
  }
  if (exchange.path() != kEvents) {
    return AnswerFile(exchange.path());
  }
  if (const absl::Status status = sources.admit_to_metrics(exchange.header("Authorization")); !status.ok()) {
    return TokenWanted(status);
  }
  return std::nullopt;
}

}  // namespace

bool Dashboard::Serves(std::string_view path) const {
  return path == "/" || path == kEvents || path.starts_with(kFolder);
}

HttpAnswer Dashboard::Refuse(int status, std::string_view why) const {
  return {.status = status, .body = absl::StrCat(std::string(why), "\n")};
}

awaitable<void> Dashboard::Answer(HttpExchange& exchange) {
  std::optional<HttpAnswer> answer = AnswerAtOnce(exchange, sources_);
  if (answer.has_value()) {
    co_await exchange.Send(*std::move(answer));
  } else {
    co_await StreamMetrics(exchange);
  }
}

awaitable<void> Dashboard::StreamMetrics(HttpExchange& exchange) {
  exchange.WatchClient();
  co_await exchange.BeginEvents({});
  while (!exchange.client_gone()) {
    co_await exchange.SendEvents(MetricsEvent(sources_.metrics()));
    co_await exchange.Wait(kPeriod);
  }
}

}  // namespace bitnet
