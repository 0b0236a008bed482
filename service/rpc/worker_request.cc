#include "service/rpc/worker_request.h"

namespace bitnet {
namespace {

void CopyConstraint(const v1::GenerateRequest& from, worker::v1::GenerateRequest& to) {
  switch (from.constraint_case()) {
    case v1::GenerateRequest::kJsonSchema:
      to.set_json_schema(from.json_schema());
      break;
    case v1::GenerateRequest::kJsonObject:
      to.set_json_object(from.json_object());
      break;
    case v1::GenerateRequest::kRegex:
      to.set_regex(from.regex());
      break;
    case v1::GenerateRequest::kGrammar:
      to.set_grammar(from.grammar());
      break;
    case v1::GenerateRequest::CONSTRAINT_NOT_SET:
      break;
  }
}

}  // namespace

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
  CopyConstraint(request, out);
}

}  // namespace bitnet
