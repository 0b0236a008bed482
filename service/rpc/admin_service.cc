#include "service/rpc/admin_service.h"

#include <utility>

#include "proto/status_mapping.h"

namespace bitnet {

grpc::Status AdminService::LoadAdapter(grpc::ServerContext* /*context*/,
                                       const v1::LoadAdapterRequest* request, v1::Adapter* response) {
  absl::StatusOr<v1::Adapter> adapter = adapters_->Load(*request);
  if (adapter.ok()) {
    *response = *std::move(adapter);
  }
  return ToGrpcStatus(adapter.status());
}

grpc::Status AdminService::UnloadAdapter(grpc::ServerContext* /*context*/,
                                         const v1::UnloadAdapterRequest* request,
                                         v1::UnloadAdapterResponse* /*response*/) {
  return ToGrpcStatus(adapters_->Unload(request->name()));
}

grpc::Status AdminService::ListAdapters(grpc::ServerContext* /*context*/,
                                        const v1::ListAdaptersRequest* /*request*/,
                                        v1::ListAdaptersResponse* response) {
  for (v1::Adapter& adapter : adapters_->list()) {
    *response->add_adapters() = std::move(adapter);
  }
  return grpc::Status::OK;
}

grpc::Status AdminService::RestartWorkers(grpc::ServerContext* /*context*/,
                                          const v1::RestartWorkersRequest* /*request*/,
                                          v1::RestartWorkersResponse* /*response*/) {
  return ToGrpcStatus(restart_());
}

grpc::Status AdminService::SetWeight(grpc::ServerContext* /*context*/, const v1::SetWeightRequest* request,
                                     v1::SetWeightResponse* /*response*/) {
  return ToGrpcStatus(set_weight_(request->percent()));
}

}  // namespace bitnet
