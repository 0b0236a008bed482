#include "service/rpc/admin_service.h"

#include <utility>

#include "base/status_macros.h"
#include "service/errors/error_details.h"
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
    return ErrorReply(model.status(), *context);
  }
  absl::StatusOr<v1::Adapter> adapter = (*model)->adapters().Load(*request);
  if (adapter.ok()) {
    *response = *std::move(adapter);
  }
  return ErrorReply(adapter.status(), *context);
}

grpc::Status AdminService::UnloadAdapter(grpc::ServerContext* context,
                                         const v1::UnloadAdapterRequest* request,
                                         v1::UnloadAdapterResponse* /*response*/) {
  const absl::StatusOr<ServedModel*> model = Find(*context, request->model());
  return ErrorReply(model.ok() ? (*model)->adapters().Unload(request->name()) : model.status(), *context);
}

grpc::Status AdminService::ListAdapters(grpc::ServerContext* context, const v1::ListAdaptersRequest* request,
                                        v1::ListAdaptersResponse* response) {
  const absl::StatusOr<ServedModel*> model = Find(*context, request->model());
  if (model.ok()) {
    for (v1::Adapter& adapter : (*model)->adapters().list()) {
      *response->add_adapters() = std::move(adapter);
    }
  }
  return ErrorReply(model.status(), *context);
}

grpc::Status AdminService::RestartWorkers(grpc::ServerContext* context,
                                          const v1::RestartWorkersRequest* /*request*/,
                                          v1::RestartWorkersResponse* /*response*/) {
  if (const absl::Status status = Admit(*context); !status.ok()) {
    return ErrorReply(status, *context);
  }
  return ErrorReply(restart_(), *context);
}

grpc::Status AdminService::SwapModel(grpc::ServerContext* context, const v1::SwapModelRequest* request,
                                     v1::Model* response) {
  const absl::StatusOr<ServedModel*> model = Find(*context, request->model());
  if (!model.ok()) {
    return ErrorReply(model.status(), *context);
  }
  const absl::Status status = (*model)->restart().Swap(request->path());
  if (status.ok()) {
    *response = (*model)->Describe();
  }
  return ErrorReply(status, *context);
}

grpc::Status AdminService::SetWeight(grpc::ServerContext* context, const v1::SetWeightRequest* request,
                                     v1::SetWeightResponse* /*response*/) {
  if (const absl::Status status = Admit(*context); !status.ok()) {
    return ErrorReply(status, *context);
  }
  return ErrorReply(set_weight_(request->percent()), *context);
}

}  // namespace bitnet
