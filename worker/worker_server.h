// Serves an engine on a Unix socket until it is asked to stop.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/engine.h"
#include "worker/admin_service.h"
#include "worker/worker_sensors.h"
#include "worker/worker_service.h"

namespace bitnet {

class WorkerServer {
 public:
  // Accepts calls when it returns. `engine` and `sensors` are borrowed and outlive this; without sensors,
  // nothing is said of energy and heat. Errors are those of PrepareSocketPath(), and UNAVAILABLE if the
  // socket cannot be bound.
  static absl::StatusOr<std::unique_ptr<WorkerServer>> Start(Engine* engine, const ModelLabel& label,
                                                             const std::string& socket_path,
                                                             WorkerSensors* sensors = nullptr);
  // Ends what still runs, at once.
  ~WorkerServer();

  // From any thread. The second request cuts the grace short.
  void RequestStop();
  // Blocks until RequestStop(); then turns new generations away, gives those under way `grace` to finish, and
  // ends the others: their clients see UNAVAILABLE and can go on elsewhere.
  void ServeUntilStopped(absl::Duration grace);

 private:
  WorkerServer(Engine* engine, const ModelLabel& label, WorkerSensors* sensors)
      : service_(engine, label, sensors), admin_service_(engine) {}

  WorkerService service_;
  WorkerAdminService admin_service_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace bitnet
