#include "service/rpc/inference_service.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/server_callback.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "base/utf8_stream.h"
#include "service/errors/error_details.h"
#include "service/rpc/call_times.h"
#include "service/rpc/embed_call.h"
#include "service/rpc/generate_calls.h"
#include "service/rpc/validate.h"
#include "service/rpc/worker_failure.h"
#include "service/security/authorization.h"

namespace bitnet {

// What a unary request needs while a worker answers. `reactor` finishes the client's call.
struct InferenceService::UnaryCall {
  UnaryCall(const char* method_name, grpc::CallbackServerContext* server, CallRegistry* calls)
      : method(method_name),
        server_context(server),
        reactor(server_context->DefaultReactor()),
        client_call(calls) {
    context.set_deadline(
        std::min(server_context->deadline(), std::chrono::system_clock::now() + kUnaryDeadline));
  }

  const char* const method;
  grpc::CallbackServerContext* const server_context;
  grpc::ServerUnaryReactor* const reactor;
  const absl::Time arrived = absl::Now();
  const CallRegistry::ClientCall client_call;  // Goes after the context.
  Authenticator::Admitted caller;
  ServedModel* served = nullptr;  // Null: of no model, or of all.
  grpc::ClientContext context;
  WorkerLease worker;
  worker::v1::DetokenizeResponse bytes;
};

void InferenceService::Finish(const UnaryCall& call, const absl::Status& status) const {
  ModelMetrics& metrics = call.served != nullptr ? call.served->metrics() : serving_.metrics.ForModel("");
  metrics.CountEnd(call.method, status, absl::Now() - call.arrived);
  call.reactor->Finish(ErrorReply(serving_.admission.WithRetry(status), *call.server_context));
}

void InferenceService::FinishAsWorker(const UnaryCall& call, const grpc::Status& status) const {
  Finish(call,
         status.ok() ? absl::OkStatus() : WorkerFailure(call.worker.name(), "before it answered", status));
}

absl::Status InferenceService::Admit(const grpc::CallbackServerContext& context, UnaryCall& call) const {
  ASSIGN_OR_RETURN(call.caller, serving_.callers.Admit(AuthorizationOf(context)));
  return absl::OkStatus();
}

absl::Status InferenceService::FindModel(const std::string& name, UnaryCall& call) const {
  RETURN_IF_ERROR(serving_.calls.CheckOpen());
  ASSIGN_OR_RETURN(call.served, serving_.models.Find(name));
  return absl::OkStatus();
}

grpc::ServerWriteReactor<v1::GenerateResponse>* InferenceService::Generate(
    grpc::CallbackServerContext* context, const v1::GenerateRequest* request) {
  return StartGenerate(context, *request, serving_);
}

grpc::ServerWriteReactor<v1::GenerateResponse>* InferenceService::Resume(grpc::CallbackServerContext* context,
                                                                         const v1::ResumeRequest* request) {
  return StartResume(context, *request, serving_);
}

grpc::ServerUnaryReactor* InferenceService::Cancel(grpc::CallbackServerContext* context,
                                                   const v1::CancelRequest* request,
                                                   v1::CancelResponse* /*response*/) {
  const UnaryCall call("Cancel", context, &serving_.calls);
  Finish(call, CancelAnswer(*context, *request, serving_));
  return call.reactor;
}

grpc::ServerUnaryReactor* InferenceService::Embed(grpc::CallbackServerContext* context,
                                                  const v1::EmbedRequest* request,
                                                  v1::EmbedResponse* response) {
  return StartEmbed(context, *request, response, serving_);
}

absl::Status InferenceService::PrepareTokenize(const grpc::CallbackServerContext& context,
                                               const v1::TokenizeRequest& request, UnaryCall& call) const {
  RETURN_IF_ERROR(Admit(context, call));
  RETURN_IF_ERROR(ValidateTokenize(request));
  RETURN_IF_ERROR(FindModel(request.model(), call));
  ASSIGN_OR_RETURN(call.worker, call.served->pool().Pick({}));
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* InferenceService::Tokenize(grpc::CallbackServerContext* context,
                                                     const v1::TokenizeRequest* request,
                                                     v1::TokenizeResponse* response) {
  const auto call = std::make_shared<UnaryCall>("Tokenize", context, &serving_.calls);
  if (absl::Status status = PrepareTokenize(*context, *request, *call); !status.ok()) {
    Finish(*call, status);
  } else {
    call->worker.stub().async()->Tokenize(
        &call->context, request, response,
        [this, call](const grpc::Status& result) { FinishAsWorker(*call, result); });
  }
  return call->reactor;
}

absl::Status InferenceService::PrepareDetokenize(const grpc::CallbackServerContext& context,
                                                 const v1::DetokenizeRequest& request,
                                                 UnaryCall& call) const {
  RETURN_IF_ERROR(Admit(context, call));
  RETURN_IF_ERROR(FindModel(request.model(), call));
  ASSIGN_OR_RETURN(const v1::Model model, call.served->Facts());
  RETURN_IF_ERROR(CheckTokenIds("ids", request.ids(), model));
  ASSIGN_OR_RETURN(call.worker, call.served->pool().Pick({}));
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* InferenceService::Detokenize(grpc::CallbackServerContext* context,
                                                       const v1::DetokenizeRequest* request,
                                                       v1::DetokenizeResponse* response) {
  const auto call = std::make_shared<UnaryCall>("Detokenize", context, &serving_.calls);
  if (absl::Status status = PrepareDetokenize(*context, *request, *call); !status.ok()) {
    Finish(*call, status);
  } else {
    call->worker.stub().async()->Detokenize(&call->context, request, &call->bytes,
                                            [this, call, response](const grpc::Status& result) {
                                              response->set_text(ToUtf8(call->bytes.bytes()));
                                              FinishAsWorker(*call, result);
                                            });
  }
  return call->reactor;
}

grpc::ServerUnaryReactor* InferenceService::ListModels(grpc::CallbackServerContext* context,
                                                       const v1::ListModelsRequest* /*request*/,
                                                       v1::ListModelsResponse* response) {
  UnaryCall call("ListModels", context, &serving_.calls);
  absl::Status status = Admit(*context, call);
  if (status.ok()) {
    status = serving_.calls.CheckOpen();
  }
  if (status.ok()) {
    for (const auto& model : serving_.models.models()) {
      *response->add_models() = model->Describe();
    }
  }
  Finish(call, status);
  return call.reactor;
}

grpc::ServerUnaryReactor* InferenceService::GetModel(grpc::CallbackServerContext* context,
                                                     const v1::GetModelRequest* request,
                                                     v1::Model* response) {
  UnaryCall call("GetModel", context, &serving_.calls);
  absl::Status status = Admit(*context, call);
  if (status.ok()) {
    status = FindModel(request->name(), call);
  }
  if (status.ok()) {
    *response = call.served->Describe();
  }
  Finish(call, status);
  return call.reactor;
}

}  // namespace bitnet
