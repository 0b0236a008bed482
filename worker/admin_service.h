// The rpcs of admin.proto, answered by one engine.
#pragma once

#include <grpcpp/grpcpp.h>

#include "engine/engine.h"
#include "proto/bitnet/v1/admin.grpc.pb.h"

namespace bitnet {

// Synchronous, unlike WorkerService: reading an adapter takes seconds, for which none of the threads that
// stream tokens may stand still.
class WorkerAdminService final : public v1::AdminService::Service {
 public:
  // `engine` is borrowed and outlives this.
  explicit WorkerAdminService(Engine* engine) : engine_(engine) {}

  grpc::Status LoadAdapter(grpc::ServerContext* context, const v1::LoadAdapterRequest* request,
                           v1::Adapter* response) override;
  grpc::Status UnloadAdapter(grpc::ServerContext* context, const v1::UnloadAdapterRequest* request,
                             v1::UnloadAdapterResponse* response) override;
  grpc::Status ListAdapters(grpc::ServerContext* context, const v1::ListAdaptersRequest* request,
                            v1::ListAdaptersResponse* response) override;

 private:
  Engine* const engine_;
};

}  // namespace bitnet
