#include "engine/c_api/generation_options.h"

#include "absl/strings/str_format.h"
#include "engine/c_api/status.h"
#include "engine/c_api/structs.h"

namespace bitnet {
namespace {

using Options = bitnet_generation_options;

float OneIfZero(float value) { return value == 0 ? 1 : value; }

SamplingParams ReadSampling(const Options& options) {
  return {.repetition_penalty = OneIfZero(options.repetition_penalty),
          .presence_penalty = options.presence_penalty,
          .frequency_penalty = options.frequency_penalty,
          .temperature = options.temperature,
          .top_k = options.top_k,
          .top_p = OneIfZero(options.top_p),
          .min_p = options.min_p,
          .seed = options.seed};
}

absl::StatusOr<Priority> ReadPriority(bitnet_priority priority) {
  switch (priority) {
    case BITNET_PRIORITY_NORMAL:
      return Priority::kNormal;
    case BITNET_PRIORITY_INTERACTIVE:
      return Priority::kInteractive;
    case BITNET_PRIORITY_BACKGROUND:
      return Priority::kBackground;
  }
  return UnknownValue("priority", priority, BITNET_PRIORITY_BACKGROUND);
}

absl::StatusOr<ConstraintKind> ReadConstraintKind(bitnet_constraint constraint) {
  switch (constraint) {
    case BITNET_CONSTRAINT_NONE:
      return ConstraintKind::kNone;
    case BITNET_CONSTRAINT_JSON_SCHEMA:
      return ConstraintKind::kJsonSchema;
    case BITNET_CONSTRAINT_JSON_OBJECT:
      return ConstraintKind::kJsonObject;
    case BITNET_CONSTRAINT_REGEX:
      return ConstraintKind::kRegex;
    case BITNET_CONSTRAINT_GRAMMAR:
      return ConstraintKind::kGrammar;
  }
  return UnknownValue("constraint", constraint, BITNET_CONSTRAINT_GRAMMAR);
}

absl::StatusOr<Constraint> ReadConstraint(const Options& options) {
  Constraint constraint;
  ASSIGN_OR_RETURN(constraint.kind, ReadConstraintKind(options.constraint));
  const bool takes_text =
      constraint.kind != ConstraintKind::kNone && constraint.kind != ConstraintKind::kJsonObject;
  if (takes_text != (options.constraint_text != nullptr)) {
    return absl::InvalidArgumentError(absl::StrFormat("constraint is %d and constraint_text is %s",
                                                      static_cast<int>(options.constraint),
                                                      takes_text ? "NULL" : "set, which it takes none of"));
  }
  if (takes_text) {
    constraint.text = options.constraint_text;
  }
  return constraint;
}

absl::StatusOr<std::vector<std::string>> ReadStops(const Options& options) {
  ASSIGN_OR_RETURN(const std::span<const char* const> given,
                   ReadArray(options.stops, options.num_stops, "stops"));
  std::vector<std::string> stops;
  for (const char* stop : given) {
    if (stop == nullptr || *stop == '\0') {
      return absl::InvalidArgumentError(
          absl::StrFormat("stops[%d] is %s", stops.size(), stop == nullptr ? "NULL" : "empty"));
    }
    stops.emplace_back(stop);
  }
  return stops;
}

absl::StatusOr<std::vector<AdapterUse>> ReadAdapters(const Options& options) {
  ASSIGN_OR_RETURN(const std::span<const bitnet_adapter_use> given,
                   ReadArray(options.adapters, options.num_adapters, "adapters"));
  std::vector<AdapterUse> adapters;
  for (const bitnet_adapter_use& use : given) {
    RETURN_IF_ERROR(CheckNotNull(use.name, absl::StrFormat("adapters[%d].name", adapters.size())));
    RETURN_IF_ERROR(CheckReserved(use.reserved));
    adapters.push_back({use.name, use.scale});
  }
  return adapters;
}

absl::StatusOr<int> ReadNumLogprobs(const Options& options) {
  if (options.top_logprobs < 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("top_logprobs is %d; it must be at least 0", options.top_logprobs));
  }
  const bool wanted = (options.flags & BITNET_LOGPROBS) != 0 || options.top_logprobs > 0;
  return wanted ? options.top_logprobs : -1;
}

}  // namespace

absl::StatusOr<AnswerRequest> ReadAnswerRequest(std::span<const int32_t> prompt, const Options* given) {
  ASSIGN_OR_RETURN(const Options options, ReadOptions(given, "bitnet_generation_options"));
  RETURN_IF_ERROR(CheckFlags(options.flags, BITNET_IGNORE_EOS | BITNET_LOGPROBS | BITNET_LOGITS));
  RETURN_IF_ERROR(CheckReserved(options.reserved));
  AnswerRequest request;
  GenerationRequest& generation = request.generation;
  generation.prompt.assign(prompt.begin(), prompt.end());
  generation.sampling = ReadSampling(options);
  generation.max_tokens = options.max_tokens;
  generation.min_tokens = options.min_tokens;
  generation.ignore_eos = (options.flags & BITNET_IGNORE_EOS) != 0;
  generation.wants_logits = (options.flags & BITNET_LOGITS) != 0;
  ASSIGN_OR_RETURN(const std::span<const int32_t> stop_tokens,
                   ReadArray(options.stop_tokens, options.num_stop_tokens, "stop_tokens"));
  generation.stop_tokens.assign(stop_tokens.begin(), stop_tokens.end());
  ASSIGN_OR_RETURN(generation.num_logprobs, ReadNumLogprobs(options));
  ASSIGN_OR_RETURN(generation.priority, ReadPriority(options.priority));
  ASSIGN_OR_RETURN(generation.adapters, ReadAdapters(options));
  ASSIGN_OR_RETURN(generation.constraint, ReadConstraint(options));
  ASSIGN_OR_RETURN(request.stops, ReadStops(options));
  return request;
}

}  // namespace bitnet
