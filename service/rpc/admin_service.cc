#include "service/rpc/admin_service.h"

#include <utility>

#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "service/errors/error_details.h"
#include "service/security/authorization.h"

namespace bitnet {

struct AdminService::Call {
  const char* method;
  grpc::ServerContext& context;
  absl::Time arrived = absl::Now();
  ServedModel* model = nullptr;  // Null: of none, or of all.
};

absl::Status AdminService::Admit(const Call& call) const {
  return callers_->CheckAdmin(AuthorizationOf(call.context));
}

absl::Status AdminService::Find(const std::string& name, Call& call) const {
  RETURN_IF_ERROR(Admit(call));
  ASSIGN_OR_RETURN(call.model, models_->Find(name));
  return absl::OkStatus();
}

grpc::Status AdminService::Finish(const Call& call, const absl::Status& status) const {
  ModelMetrics& metrics = call.model != nullptr ? call.model->metrics() : metrics_->ForModel("");
  metrics.CountEnd(call.method, status, absl::Now() - call.arrived);
  return ErrorReply(status, call.context);
}

absl::Status AdminService::Load(const v1::LoadAdapterRequest& request, v1::Adapter& response,
                                Call& call) const {
  RETURN_IF_ERROR(Find(request.model(), call));
  ASSIGN_OR_RETURN(response, call.model->adapters().Load(request));
  return absl::OkStatus();
}

absl::Status AdminService::Unload(const v1::UnloadAdapterRequest& request, Call& call) const {
  RETURN_IF_ERROR(Find(request.model(), call));
  return call.model->adapters().Unload(request.name());
}

absl::Status AdminService::List(const v1::ListAdaptersRequest& request, v1::ListAdaptersResponse& response,
                                Call& call) const {
  RETURN_IF_ERROR(Find(request.model(), call));
  for (v1::Adapter& adapter : call.model->adapters().list()) {
    *response.add_adapters() = std::move(adapter);
  }
  return absl::OkStatus();
}

absl::Status AdminService::Restart(const Call& call) const {
  RETURN_IF_ERROR(Admit(call));
  return restart_();
}

absl::Status AdminService::Swap(const v1::SwapModelRequest& request, v1::Model& response, Call& call) const {
  RETURN_IF_ERROR(Find(request.model(), call));
  RETURN_IF_ERROR(call.model->restart().Swap(request.path()));
  response = call.model->Describe();
  return absl::OkStatus();
}

absl::Status AdminService::Weigh(const v1::SetWeightRequest& request, const Call& call) const {
  RETURN_IF_ERROR(Admit(call));
  return set_weight_(request.percent());
}

grpc::Status AdminService::LoadAdapter(grpc::ServerContext* context, const v1::LoadAdapterRequest* request,
                                       v1::Adapter* response) {
  Call call = {.method = "LoadAdapter", .context = *context};
  const absl::Status status = Load(*request, *response, call);
  return Finish(call, status);
}

grpc::Status AdminService::UnloadAdapter(grpc::ServerContext* context,
                                         const v1::UnloadAdapterRequest* request,
                                         v1::UnloadAdapterResponse* /*response*/) {
  Call call = {.method = "UnloadAdapter", .context = *context};
  const absl::Status status = Unload(*request, call);
  return Finish(call, status);
}

grpc::Status AdminService::ListAdapters(grpc::ServerContext* context, const v1::ListAdaptersRequest* request,
                                        v1::ListAdaptersResponse* response) {
  Call call = {.method = "ListAdapters", .context = *context};
  const absl::Status status = List(*request, *response, call);
  return Finish(call, status);
}

grpc::Status AdminService::RestartWorkers(grpc::ServerContext* context,
                                          const v1::RestartWorkersRequest* /*request*/,
                                          v1::RestartWorkersResponse* /*response*/) {
  const Call call = {.method = "RestartWorkers", .context = *context};
  return Finish(call, Restart(call));
}

grpc::Status AdminService::SwapModel(grpc::ServerContext* context, const v1::SwapModelRequest* request,
                                     v1::Model* response) {
  Call call = {.method = "SwapModel", .context = *context};
  const absl::Status status = Swap(*request, *response, call);
  return Finish(call, status);
}

grpc::Status AdminService::SetWeight(grpc::ServerContext* context, const v1::SetWeightRequest* request,
                                     v1::SetWeightResponse* /*response*/) {
  const Call call = {.method = "SetWeight", .context = *context};
  return Finish(call, Weigh(*request, call));
}

}  // namespace bitnet
