#include "worker/worker_server.h"

#include <grpcpp/health_check_service_interface.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "proto/socket_address.h"
#include "worker/unix_socket.h"

namespace bitnet {

absl::StatusOr<std::unique_ptr<WorkerServer>> WorkerServer::Start(Engine* engine, const ModelLabel& label,
                                                                  const std::string& socket_path,
                                                                  WorkerSensors* sensors) {
  RETURN_IF_ERROR(PrepareSocketPath(socket_path));
  // The standard health service says SERVING from the start: the engine is ready by now.
  grpc::EnableDefaultHealthCheckService(true);
  std::unique_ptr<WorkerServer> worker(new WorkerServer(engine, label, sensors));
  grpc::ServerBuilder builder;
  int bound = 0;
  builder.AddListeningPort(SocketAddress(socket_path), grpc::InsecureServerCredentials(), &bound);
  builder.RegisterService(&worker->service_);
  builder.RegisterService(&worker->admin_service_);
  // The only peer is our front: it may ping as often as it likes, also between calls.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
  worker->server_ = builder.BuildAndStart();
  if (worker->server_ == nullptr || bound == 0) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", socket_path));
  }
  return worker;
}

WorkerServer::~WorkerServer() {
  if (server_ != nullptr) {
    server_->Shutdown(absl::ToChronoTime(absl::Now()));
  }
}

void WorkerServer::RequestStop() { service_.gate().RequestStop(); }

void WorkerServer::ServeUntilStopped(absl::Duration grace) {
  CallGate& gate = service_.gate();
  gate.AwaitStopRequest();
  server_->GetHealthCheckService()->SetServingStatus(false);
  const bool empty = gate.AwaitEmpty(absl::Now() + grace);
  // Shutdown() cancels what runs at its deadline. A second is for the last bytes of calls that have finished.
  server_->Shutdown(absl::ToChronoTime(absl::Now() + (empty ? absl::Seconds(1) : absl::ZeroDuration())));
}

}  // namespace bitnet
