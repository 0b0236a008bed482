// The front's HTTP/1.1 listener: metrics and probes for operators, and what else is served.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/http/http_answer.h"

namespace bitnet {

class HttpApi;
class TcpServer;

struct HttpServerOptions {
  std::string address = "127.0.0.1:8080";          // Port 0 takes a free one; "[::1]:8080" for IPv6.
  absl::Duration timeout = absl::Seconds(30);      // For a whole request, or between two requests.
  absl::Duration slow_reader = absl::Seconds(60);  // For one write of an answer.
  int max_connections = 4096;                      // Further ones wait in the system's queue.
  size_t max_body_bytes = 4 << 20;                 // Of a request to the API.
  std::vector<std::string> cors_origins = {};      // Whose web pages may call; "*": everybody's.
};

// One thread and a coroutine for each connection. Headers up to 8 KiB.
class HttpServer {
 public:
  // UNAVAILABLE: the address cannot be listened at. Borrows `apis`, of which the first answers that serves a
  // path; what none serves is an operator's page.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options,
                                                           HttpSources sources, std::vector<HttpApi*> apis);
  // Closes all connections.
  ~HttpServer();

  // As it can be connected to, with the port that was taken.
  const std::string& address() const;

 private:
  struct Listener;  // Keeps Asio out of this header.
  HttpServer(std::unique_ptr<Listener> listener, std::unique_ptr<TcpServer> server);

  const std::unique_ptr<Listener> listener_;
  const std::unique_ptr<TcpServer> server_;  // Uses the former.
};

}  // namespace bitnet
