// A small HTTP/1.1 listener for operators: metrics and probes.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/http/http_answer.h"

namespace bitnet {

class TcpServer;

struct HttpServerOptions {
  std::string address = "127.0.0.1:8080";      // Port 0 takes a free one; "[::1]:8080" for IPv6.
  absl::Duration timeout = absl::Seconds(30);  // For a whole request, an answer, or between two requests.
  int max_connections = 256;                   // Further ones wait in the system's queue.
};

// One thread and a coroutine for each connection. Bodies are not taken, headers up to 8 KiB.
class HttpServer {
 public:
  // UNAVAILABLE: the address cannot be listened at.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options,
                                                           HttpSources sources);
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
