#include "service/rpc/admin_service.h"

#include <utility>

#include "base/status_macros.h"
#include "proto/status_mapping.h"
#include "service/security/authorization.h"

namespace bitnet {

absl::Status AdminService::Admit(const grpc::ServerContext& context) const {
  return callers_->CheckAdmin(AuthorizationOf(context));
}

absl::StatusOr<ServedModel*> AdminService::Find(const grpc::ServerContext& context,
                                                const std::string& name) const {
  RETURN_IF_ERROR(Admit(context));
  return models_->Find(name);
}

grpc::Status AdminService::LoadAdapter(grpc::ServerContext* context, const v1::LoadAdapterRequest* request,
                                       v1::Adapter* response) {
  const absl::StatusOr<ServedModel*> model = Find(*context, request->model());
  if (!model.ok()) {
    return ToGrpcStatus(model.status());
  }
  absl::StatusOr<v1::Adapter> adapter = (*model)->adapters().Load(*request);
  if (adapter.ok()) {
    *response = *std::move(adapter);
  }
  return ToGrpcStatus(adapter.status());
}

grpc::Status AdminService::UnloadAdapter(grpc::ServerContext* context,
                                         const v1::UnloadAdapterRequest* request,
                                         v1::UnloadAdapterResponse* /*response*/) {
  const absl::StatusOr<ServedModel*> model = Find(*context, request->model());
  return ToGrpcStatus(model.ok() ? (*model)->adapters().Unload(request->name()) : model.status());
}

grpc::Status AdminService::ListAdapters(grpc::ServerContext* context, const v1::ListAdaptersRequest* request,
                                        v1::ListAdaptersResponse* response) {
  const absl::StatusOr<ServedModel*> model = Find(*context, request->model());
  if (model.ok()) {
    for (v1::Adapter& adapter : (*model)->adapters().list()) {
      *response->add_adapters() = std::move(adapter);
    }
  }
  return ToGrpcStatus(model.status());
}

grpc::Status AdminService::RestartWorkers(grpc::ServerContext* context,
                                          const v1::RestartWorkersRequest* /*request*/,
                                          v1::RestartWorkersResponse* /*response*/) {
  if (const absl::Status status = Admit(*context); !status.ok()) {
    return ToGrpcStatus(status);
  }
  return ToGrpcStatus(restart_());
}

grpc::Status AdminService::SwapModel(grpc::ServerContext* context, const v1::SwapModelRequest* request,
                                     v1::Model* response) {
  const absl::StatusOr<ServedModel*> model = Find(*context, request->model());
  if (!model.ok()) {
    return ToGrpcStatus(model.status());
  }
  const absl::Status status = (*model)->restart().Swap(request->path());
  if (status.ok()) {
    *response = (*model)->Describe();
  }
  return ToGrpcStatus(status);
}

grpc::Status AdminService::SetWeight(grpc::ServerContext* context, const v1::SetWeightRequest* request,
                                     v1::SetWeightResponse* /*response*/) {
  if (const absl::Status status = Admit(*context); !status.ok()) {
    return ToGrpcStatus(status);
  }
  return ToGrpcStatus(set_weight_(request->percent()));
}

}  // namespace bitnet
