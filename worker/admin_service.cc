#include "worker/admin_service.h"

#include "proto/status_mapping.h"

namespace bitnet {
namespace {

v1::Adapter ToAdapter(const AdapterInfo& info) {
  v1::Adapter adapter;
  adapter.set_name(info.name);
  adapter.set_path(info.path);
  adapter.set_bytes(info.bytes);
  adapter.set_max_rank(static_cast<uint32_t>(info.max_rank));
  adapter.set_num_pairs(static_cast<uint32_t>(info.num_pairs));
  return adapter;
}

}  // namespace

grpc::Status WorkerAdminService::LoadAdapter(grpc::ServerContext* /*context*/,
                                             const v1::LoadAdapterRequest* request, v1::Adapter* response) {
  if (absl::Status status = engine_->LoadAdapter(request->name(), request->path()); !status.ok()) {
    return ToGrpcStatus(status);
  }
  for (const AdapterInfo& info : engine_->adapters()) {
    if (info.name == request->name()) {
      *response = ToAdapter(info);
    }
  }
  return grpc::Status::OK;
}

grpc::Status WorkerAdminService::UnloadAdapter(grpc::ServerContext* /*context*/,
                                               const v1::UnloadAdapterRequest* request,
                                               v1::UnloadAdapterResponse* /*response*/) {
  return ToGrpcStatus(engine_->UnloadAdapter(request->name()));
}

grpc::Status WorkerAdminService::ListAdapters(grpc::ServerContext* /*context*/,
                                              const v1::ListAdaptersRequest* /*request*/,
                                              v1::ListAdaptersResponse* response) {
  for (const AdapterInfo& info : engine_->adapters()) {
    *response->add_adapters() = ToAdapter(info);
  }
  return grpc::Status::OK;
}

}  // namespace bitnet
