// The rpcs of worker.proto, answered by one engine.
#pragma once

#include <grpcpp/grpcpp.h>

#include <string>

#include "engine/engine.h"
#include "proto/bitnet/worker/v1/worker.grpc.pb.h"
#include "worker/call_gate.h"
#include "worker/worker_sensors.h"

namespace bitnet {

// What GetModel says beside the engine's numbers.
struct ModelLabel {
  std::string name = {};
  std::string fingerprint = {};  // FileIdentity of what the engine has loaded.
};

class WorkerService final : public worker::v1::WorkerService::CallbackService {
 public:
  // `engine` and `sensors`, which may be null, are borrowed and outlive this; destruction waits for the
  // calls under way, so the server that serves this has been shut down before.
  WorkerService(Engine* engine, ModelLabel label, WorkerSensors* sensors);

  // Every Generate passes it; once it is asked to stop, they are refused with UNAVAILABLE.
  CallGate& gate() { return gate_; }

  grpc::ServerWriteReactor<worker::v1::GenerateResponse>* Generate(
      grpc::CallbackServerContext* context, const worker::v1::GenerateRequest* request) override;
  // Any `model` is taken for ours in these: the front knows which worker serves which.
  grpc::ServerUnaryReactor* Tokenize(grpc::CallbackServerContext* context, const v1::TokenizeRequest* request,
                                     v1::TokenizeResponse* response) override;
  grpc::ServerUnaryReactor* Detokenize(grpc::CallbackServerContext* context,
                                       const v1::DetokenizeRequest* request,
                                       worker::v1::DetokenizeResponse* response) override;
  grpc::ServerUnaryReactor* GetModel(grpc::CallbackServerContext* context,
                                     const worker::v1::GetModelRequest* request,
                                     v1::Model* response) override;
  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const worker::v1::GetStatusRequest* request,
                                      worker::v1::WorkerStatus* response) override;

 private:
  Engine* const engine_;
  const ModelLabel label_;
  WorkerSensors* const sensors_;
  CallGate gate_;
};

}  // namespace bitnet
