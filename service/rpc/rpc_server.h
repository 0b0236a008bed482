// The gRPC server around a service: its port, health, reflection and limits.
#pragma once

#include <grpcpp/server.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/rpc/connection_options.h"

namespace bitnet {

struct RpcServerOptions {
  std::string address;  // "127.0.0.1:50051"; port 0 takes a free one.
  int max_message_bytes;
  std::shared_ptr<grpc::ServerCredentials> credentials;
  std::string service_name;  // By which the health service knows it, beside "".
  ConnectionOptions connections = {};
  // Whether everybody may ask which services there are. gRPC keeps the answer for the whole process.
  bool reflection = true;
};

class RpcServer {
 public:
  // Listens, NOT_SERVING at first. Borrows `services`, which outlive it. UNAVAILABLE: the address cannot be
  // listened at.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(const RpcServerOptions& options,
                                                          const std::vector<grpc::Service*>& services);
  // Shuts down without grace.
  ~RpcServer();

  // As it can be connected to, with the port that was taken.
  const std::string& address() const { return address_; }
  // What the health service tells, to Watch as well.
  void SetServing(bool serving);
  // The same of one model, whose name there is "bitnet.v1.InferenceService/MODEL".
  void SetModelServing(const std::string& model, bool serving);
  // Takes no more connections, and returns when all calls have finished; cancels those left after `grace`.
  void Shutdown(absl::Duration grace);

 private:
  RpcServer(std::unique_ptr<grpc::Server> server, std::string address, std::string service_name);

  const std::unique_ptr<grpc::Server> server_;
  const std::string address_;
  const std::string service_name_;
};

}  // namespace bitnet
