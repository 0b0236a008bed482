#include "worker/worker_service.h"

#include <chrono>
#include <utility>

#include "base/sensors/cpu_time.h"
#include "proto/status_mapping.h"
#include "worker/generate_call.h"
#include "worker/messages.h"

namespace bitnet {
namespace {

grpc::ServerUnaryReactor* Done(grpc::CallbackServerContext* context, const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

}  // namespace

WorkerService::WorkerService(Engine* engine, ModelLabel label, WorkerSensors* sensors)
    : engine_(engine), label_(std::move(label)), sensors_(sensors) {}

grpc::ServerWriteReactor<worker::v1::GenerateResponse>* WorkerService::Generate(
    grpc::CallbackServerContext* /*context*/, const worker::v1::GenerateRequest* request) {
  return GenerateCall::Start(*request, engine_, &gate_,
                             sensors_ != nullptr ? sensors_->energy_label() : nullptr);
}

grpc::ServerUnaryReactor* WorkerService::Tokenize(grpc::CallbackServerContext* context,
                                                  const v1::TokenizeRequest* request,
                                                  v1::TokenizeResponse* response) {
  const Tokenizer& tokenizer = engine_->tokenizer();
  const absl::StatusOr<std::vector<int32_t>> ids = Encode(*request, tokenizer, engine_->chat());
  if (!ids.ok()) {
    return Done(context, ids.status());
  }
  for (const int32_t id : *ids) {
    response->add_ids(id);
    response->add_pieces(std::string(tokenizer.TokenText(id)));
  }
  return Done(context, absl::OkStatus());
}

grpc::ServerUnaryReactor* WorkerService::Detokenize(grpc::CallbackServerContext* context,
                                                    const v1::DetokenizeRequest* request,
                                                    worker::v1::DetokenizeResponse* response) {
  const Tokenizer& tokenizer = engine_->tokenizer();
  const absl::StatusOr<std::vector<int32_t>> ids = ToTokenIds(request->ids(), "ids", tokenizer.vocab_size());
  if (!ids.ok()) {
    return Done(context, ids.status());
  }
  for (const int32_t id : *ids) {
    response->mutable_bytes()->append(tokenizer.TokenBytes(id));
  }
  return Done(context, absl::OkStatus());
}

grpc::ServerUnaryReactor* WorkerService::GetModel(grpc::CallbackServerContext* context,
                                                  const worker::v1::GetModelRequest* /*request*/,
                                                  v1::Model* response) {
  *response = ToModel(*engine_, label_.name);
  response->set_fingerprint(label_.fingerprint);
  return Done(context, absl::OkStatus());
}

grpc::ServerUnaryReactor* WorkerService::GetStatus(grpc::CallbackServerContext* context,
                                                   const worker::v1::GetStatusRequest* request,
                                                   worker::v1::WorkerStatus* response) {
  LimitSequences(request->sequence_limit(), *engine_);
  *response = ToWorkerStatus(*engine_);
  if (sensors_ != nullptr) {
    sensors_->FillIn(*response, absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch()));
  }
  FillInCpuTime(ReadOwnCpuTime(), *response);
  response->set_stopping(gate_.stop_requested());
  return Done(context, absl::OkStatus());
}

}  // namespace bitnet
