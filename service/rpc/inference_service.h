// The public service.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/bitnet/v1/inference.grpc.pb.h"
#include "service/rpc/serving.h"

namespace bitnet {

// Handlers only; what each rpc promises stands in the .proto. Safe to call from any thread.
class InferenceService final : public v1::InferenceService::CallbackService {
 public:
  explicit InferenceService(const Serving& serving) : serving_(serving) {}

  grpc::ServerWriteReactor<v1::GenerateResponse>* Generate(grpc::CallbackServerContext* context,
                                                           const v1::GenerateRequest* request) override;
  grpc::ServerWriteReactor<v1::GenerateResponse>* Resume(grpc::CallbackServerContext* context,
                                                         const v1::ResumeRequest* request) override;
  grpc::ServerUnaryReactor* Cancel(grpc::CallbackServerContext* context, const v1::CancelRequest* request,
                                   v1::CancelResponse* response) override;
  grpc::ServerUnaryReactor* Embed(grpc::CallbackServerContext* context, const v1::EmbedRequest* request,
                                  v1::EmbedResponse* response) override;
  grpc::ServerUnaryReactor* Tokenize(grpc::CallbackServerContext* context, const v1::TokenizeRequest* request,
                                     v1::TokenizeResponse* response) override;
  grpc::ServerUnaryReactor* Detokenize(grpc::CallbackServerContext* context,
                                       const v1::DetokenizeRequest* request,
                                       v1::DetokenizeResponse* response) override;
  grpc::ServerUnaryReactor* ListModels(grpc::CallbackServerContext* context,
                                       const v1::ListModelsRequest* request,
                                       v1::ListModelsResponse* response) override;
  grpc::ServerUnaryReactor* GetModel(grpc::CallbackServerContext* context, const v1::GetModelRequest* request,
                                     v1::Model* response) override;

 private:
  struct UnaryCall;

  // Lets the caller in; errors are those of Authenticator::Admit.
  absl::Status Admit(const grpc::CallbackServerContext& context, UnaryCall& call) const;
  // Finds the call's model, if the server is open and serves it under `name`.
  absl::Status FindModel(const std::string& name, UnaryCall& call) const;
  absl::Status PrepareTokenize(const grpc::CallbackServerContext& context, const v1::TokenizeRequest& request,
                               UnaryCall& call) const;
  absl::Status PrepareDetokenize(const grpc::CallbackServerContext& context,
                                 const v1::DetokenizeRequest& request, UnaryCall& call) const;
  void Finish(const UnaryCall& call, const absl::Status& status) const;
  // What the worker's call ended with.
  void FinishAsWorker(const UnaryCall& call, const grpc::Status& status) const;

  const Serving serving_;
};

}  // namespace bitnet
