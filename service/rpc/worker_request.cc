#include "service/rpc/worker_request.h"

namespace bitnet {

void FillWorkerRequest(const v1::GenerateRequest& request, const std::string& request_id,
                       worker::v1::GenerateRequest& out) {
  out.set_request_id(request_id);
  *out.mutable_sampling() = request.sampling();
  out.set_max_tokens(request.max_tokens());
  out.set_min_tokens(request.min_tokens());
  out.set_ignore_eos(request.ignore_eos());
  *out.mutable_stop_token_ids() = request.stop_token_ids();
  if (request.has_logprobs()) {
    out.set_logprobs(request.logprobs());
  }
  out.set_priority(request.priority());
  *out.mutable_adapters() = request.adapters();
}

}  // namespace bitnet
