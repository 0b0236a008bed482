#include "bench/serve/measured_call.h"

#include <utility>

#include "proto/status_mapping.h"
#include "tests/engine/random_model.h"

namespace bitnet {

void Authorize(const std::string& token, grpc::ClientContext& context) {
  if (!token.empty()) {
    context.AddMetadata("authorization", "Bearer " + token);
  }
}

void MeasuredCall::Start(v1::InferenceService::Stub& stub, const v1::Model& model, const PlannedCall& plan,
                         const std::string& token, CallTimes::Clock::time_point begin, Done done) {
  auto* call = new MeasuredCall(model, plan, token, begin, std::move(done));  // Deletes itself in OnDone.
  stub.async()->Generate(&call->context_, &call->request_, call);
  call->StartRead(&call->response_);
  call->StartCall();
}

MeasuredCall::MeasuredCall(const v1::Model& model, const PlannedCall& plan, const std::string& token,
                           CallTimes::Clock::time_point begin, Done done)
    : times_{.begin = begin}, done_(std::move(done)) {
  for (const int32_t id : RandomTokens(plan.prompt_tokens, model.vocab_size(), plan.seed)) {
    request_.mutable_token_ids()->add_ids(id);
  }
  request_.set_max_tokens(plan.max_tokens);
  request_.set_ignore_eos(true);
  times_.tokens.reserve(plan.max_tokens);
  Authorize(token, context_);
}

void MeasuredCall::OnReadDone(bool ok) {
  if (!ok) {
    return;
  }
  const auto now = CallTimes::Clock::now();
  times_.tokens.insert(times_.tokens.end(), response_.delta().tokens_size(), now);
  StartRead(&response_);
}

void MeasuredCall::OnDone(const grpc::Status& status) {
  times_.status = FromGrpcStatus(status);
  done_(std::move(times_));
  delete this;
}

}  // namespace bitnet
