// The listener for HAProxy's agent check: who connects is told one line, and the connection closes.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace bitnet {

class TcpServer;

class AgentServer {
 public:
  // `answer` makes the line, with its end; called on the listener's thread, must not block. UNAVAILABLE: the
  // address cannot be listened at.
  static absl::StatusOr<std::unique_ptr<AgentServer>> Start(const std::string& address,
                                                            std::function<std::string()> answer);
  // Closes all connections.
  ~AgentServer();

  // As it can be connected to, with the port that was taken.
  const std::string& address() const;

 private:
  explicit AgentServer(std::unique_ptr<TcpServer> server);

  const std::unique_ptr<TcpServer> server_;
};

}  // namespace bitnet
