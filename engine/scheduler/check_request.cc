#include "engine/scheduler/check_request.h"

#include <cmath>
#include <span>
#include <string_view>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace bitnet {
namespace {

absl::Status CheckIds(std::string_view field, std::span<const int32_t> ids, size_t vocab_size) {
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < 0 || static_cast<size_t>(ids[i]) >= vocab_size) {
      return absl::InvalidArgumentError(absl::StrFormat("%s[%d] is %d; the vocabulary has tokens 0 to %d",
                                                        field, i, ids[i], vocab_size - 1));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckLength(const GenerationRequest& request, const RequestLimits& limits) {
  const size_t length = request.prompt.size() + request.generated.size();
  if (length <= limits.max_positions()) {
    return absl::OkStatus();
  }
  if (length > limits.max_seq_len) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "prompt and generated have %d tokens; the context holds %d", length, limits.max_seq_len));
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "prompt and generated have %d tokens; the KV cache holds %d", length, limits.kv_cache_tokens));
}

absl::Status CheckRange(std::string_view field, double value, bool valid, std::string_view wanted) {
  if (!valid) {
    return absl::InvalidArgumentError(absl::StrFormat("%s is %g; it must be %s", field, value, wanted));
  }
  return absl::OkStatus();
}

absl::Status CheckAdapters(const std::vector<AdapterUse>& adapters) {
  if (adapters.size() > kMaxAdaptersPerRequest) {
    return absl::InvalidArgumentError(absl::StrFormat("there are %d adapters; at most %d can be used at once",
                                                      adapters.size(), kMaxAdaptersPerRequest));
  }
  for (size_t i = 0; i < adapters.size(); ++i) {
    RETURN_IF_ERROR(CheckRange(absl::StrFormat("adapters[%d].scale", i), adapters[i].scale,
                               std::isfinite(adapters[i].scale), "finite"));
  }
  return absl::OkStatus();
}

absl::Status CheckSampling(const SamplingParams& p) {
  RETURN_IF_ERROR(CheckRange("repetition_penalty", p.repetition_penalty,
                             p.repetition_penalty > 0 && std::isfinite(p.repetition_penalty),
                             "positive and finite"));
  RETURN_IF_ERROR(
      CheckRange("presence_penalty", p.presence_penalty, std::isfinite(p.presence_penalty), "finite"));
  RETURN_IF_ERROR(
      CheckRange("frequency_penalty", p.frequency_penalty, std::isfinite(p.frequency_penalty), "finite"));
  RETURN_IF_ERROR(CheckRange("temperature", p.temperature, p.temperature >= 0 && std::isfinite(p.temperature),
                             "at least 0 and finite"));
  RETURN_IF_ERROR(CheckRange("top_k", p.top_k, p.top_k >= 0, "at least 0"));
  RETURN_IF_ERROR(CheckRange("top_p", p.top_p, p.top_p > 0 && p.top_p <= 1, "above 0 and at most 1"));
  return CheckRange("min_p", p.min_p, p.min_p >= 0 && p.min_p <= 1, "from 0 to 1");
}

}  // namespace

absl::Status CheckRequest(const GenerationRequest& request, const RequestLimits& limits) {
  if (request.prompt.empty()) {
    return absl::InvalidArgumentError("prompt has no tokens; at least one is needed");
  }
  RETURN_IF_ERROR(CheckIds("prompt", request.prompt, limits.vocab_size));
  RETURN_IF_ERROR(CheckIds("generated", request.generated, limits.vocab_size));
  RETURN_IF_ERROR(CheckIds("stop_tokens", request.stop_tokens, limits.vocab_size));
  if (request.embed.has_value() && !request.generated.empty()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "generated has %d tokens; an embedding is of a prompt alone", request.generated.size()));
  }
  RETURN_IF_ERROR(CheckLength(request, limits));
  RETURN_IF_ERROR(CheckRange("max_tokens", request.max_tokens, request.max_tokens >= 0, "at least 0"));
  RETURN_IF_ERROR(CheckRange("min_tokens", request.min_tokens, request.min_tokens >= 0, "at least 0"));
  const bool logprobs_valid =
      request.num_logprobs >= -1 && request.num_logprobs <= static_cast<int64_t>(limits.vocab_size);
  RETURN_IF_ERROR(
      CheckRange("num_logprobs", request.num_logprobs, logprobs_valid, "from -1 to the vocabulary's size"));
  RETURN_IF_ERROR(CheckAdapters(request.adapters));
  return CheckSampling(request.sampling);
}

}  // namespace bitnet
