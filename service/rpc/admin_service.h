// The rpcs of admin.proto, answered for all workers of a model, or of all.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "proto/bitnet/v1/admin.grpc.pb.h"
#include "service/metrics/request_metrics.h"
#include "service/models/model_set.h"
#include "service/security/authenticator.h"

namespace bitnet {

// Synchronous: calls are few and take as long as workers take to read files.
class AdminService final : public v1::AdminService::Service {
 public:
  // `models`, `callers` and `metrics` are borrowed and outlive this; `restart` starts all workers again, one
  // after the other; `set_weight` holds the server back.
  AdminService(const ModelSet* models, Authenticator* callers, RequestMetrics* metrics,
               std::function<absl::Status()> restart,
               std::function<absl::Status(uint32_t percent)> set_weight)
      : models_(models),
        callers_(callers),
        metrics_(metrics),
        restart_(std::move(restart)),
        set_weight_(std::move(set_weight)) {}

  grpc::Status LoadAdapter(grpc::ServerContext* context, const v1::LoadAdapterRequest* request,
                           v1::Adapter* response) override;
  grpc::Status UnloadAdapter(grpc::ServerContext* context, const v1::UnloadAdapterRequest* request,
                             v1::UnloadAdapterResponse* response) override;
  grpc::Status ListAdapters(grpc::ServerContext* context, const v1::ListAdaptersRequest* request,
                            v1::ListAdaptersResponse* response) override;
  grpc::Status RestartWorkers(grpc::ServerContext* context, const v1::RestartWorkersRequest* request,
                              v1::RestartWorkersResponse* response) override;
  grpc::Status SwapModel(grpc::ServerContext* context, const v1::SwapModelRequest* request,
                         v1::Model* response) override;
  grpc::Status SetWeight(grpc::ServerContext* context, const v1::SetWeightRequest* request,
                         v1::SetWeightResponse* response) override;

 private:
  struct Call;

  absl::Status Admit(const Call& call) const;
  // Sets the call's model to that called `name`, if the caller may.
  absl::Status Find(const std::string& name, Call& call) const;
  // Counts the call, and makes of `status` what the client reads.
  grpc::Status Finish(const Call& call, const absl::Status& status) const;

  absl::Status Load(const v1::LoadAdapterRequest& request, v1::Adapter& response, Call& call) const;
  absl::Status Unload(const v1::UnloadAdapterRequest& request, Call& call) const;
  absl::Status List(const v1::ListAdaptersRequest& request, v1::ListAdaptersResponse& response,
                    Call& call) const;
  absl::Status Restart(const Call& call) const;
  absl::Status Swap(const v1::SwapModelRequest& request, v1::Model& response, Call& call) const;
  absl::Status Weigh(const v1::SetWeightRequest& request, const Call& call) const;

  const ModelSet* const models_;
  Authenticator* const callers_;
  RequestMetrics* const metrics_;
  const std::function<absl::Status()> restart_;
  const std::function<absl::Status(uint32_t percent)> set_weight_;
};

}  // namespace bitnet
