// One call to a server, timed.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <functional>
#include <string>

#include "bench/serve/call_times.h"
#include "bench/serve/load_plan.h"
#include "proto/bitnet/v1/inference.grpc.pb.h"

namespace bitnet {

// Says in the header "authorization" whose token it is; "": nothing.
void Authorize(const std::string& token, grpc::ClientContext& context);

// Owns itself: it is there until `done` has returned, which is called on a thread of gRPC's.
class MeasuredCall final : private grpc::ClientReadReactor<v1::GenerateResponse> {
 public:
  using Done = std::function<void(CallTimes times)>;
  // `begin` is when it was to be made; `token` as above.
  static void Start(v1::InferenceService::Stub& stub, const v1::Model& model, const PlannedCall& plan,
                    const std::string& token, CallTimes::Clock::time_point begin, Done done);

 private:
  MeasuredCall(const v1::Model& model, const PlannedCall& plan, const std::string& token,
               CallTimes::Clock::time_point begin, Done done);
  void OnReadDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  v1::GenerateRequest request_;
  grpc::ClientContext context_;
  v1::GenerateResponse response_;
  CallTimes times_;
  const Done done_;
};

}  // namespace bitnet
