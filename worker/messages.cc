#include "worker/messages.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace bitnet {
namespace {

constexpr uint32_t kMaxLogprobs = 20;  // As inference.proto promises.

// Counts above INT_MAX mean the same as INT_MAX: more than there can be.
int ToCount(uint32_t count) {
  return static_cast<int>(std::min<uint32_t>(count, std::numeric_limits<int>::max()));
}

Priority ToPriority(v1::Priority priority) {
  switch (priority) {
    case v1::PRIORITY_BACKGROUND:
      return Priority::kBackground;
    case v1::PRIORITY_INTERACTIVE:
      return Priority::kInteractive;
    default:
      return Priority::kNormal;
  }
}

Pooling ToPooling(v1::Pooling pooling) {
  switch (pooling) {
    case v1::POOLING_LAST:
      return Pooling::kLast;
    case v1::POOLING_MEAN:
      return Pooling::kMean;
    default:
      return Pooling::kOfModel;
  }
}

v1::Pooling ToMessage(Pooling pooling) {
  return pooling == Pooling::kMean ? v1::POOLING_MEAN : v1::POOLING_LAST;
}

SamplingParams ToSamplingParams(const v1::Sampling& sampling) {
  SamplingParams params;
  if (sampling.has_temperature()) params.temperature = sampling.temperature();
  if (sampling.has_top_k()) params.top_k = ToCount(sampling.top_k());
  if (sampling.has_top_p()) params.top_p = sampling.top_p();
  if (sampling.has_min_p()) params.min_p = sampling.min_p();
  if (sampling.has_repetition_penalty()) params.repetition_penalty = sampling.repetition_penalty();
  if (sampling.has_presence_penalty()) params.presence_penalty = sampling.presence_penalty();
  if (sampling.has_frequency_penalty()) params.frequency_penalty = sampling.frequency_penalty();
  params.seed = sampling.seed();
  return params;
}

Constraint ToConstraint(const worker::v1::GenerateRequest& request) {
  switch (request.constraint_case()) {
    case worker::v1::GenerateRequest::kJsonSchema:
      return {ConstraintKind::kJsonSchema, request.json_schema()};
    case worker::v1::GenerateRequest::kJsonObject:
      return {request.json_object() ? ConstraintKind::kJsonObject : ConstraintKind::kNone};
    case worker::v1::GenerateRequest::kRegex:
      return {ConstraintKind::kRegex, request.regex()};
    case worker::v1::GenerateRequest::kGrammar:
      return {ConstraintKind::kGrammar, request.grammar()};
    case worker::v1::GenerateRequest::CONSTRAINT_NOT_SET:
      break;
  }
  return {};
}

v1::FinishReason ToFinishReason(FinishReason reason) {
  switch (reason) {
    case FinishReason::kLength:
      return v1::FINISH_REASON_LENGTH;
    case FinishReason::kDeadEnd:
      return v1::FINISH_REASON_DEAD_END;
    case FinishReason::kEmbedded:
      return v1::FINISH_REASON_UNSPECIFIED;
    default:
      return v1::FINISH_REASON_END_TOKEN;
  }
}

absl::StatusOr<std::vector<ChatMessage>> ToChatMessages(const v1::ChatMessages& request) {
  std::vector<ChatMessage> messages;
  for (const v1::ChatMessage& message : request.messages()) {
    ChatRole role = ChatRole::kUser;
    switch (message.role()) {
      case v1::ROLE_SYSTEM:
        role = ChatRole::kSystem;
        break;
      case v1::ROLE_USER:
        role = ChatRole::kUser;
        break;
      case v1::ROLE_ASSISTANT:
        role = ChatRole::kAssistant;
        break;
      case v1::ROLE_TOOL:
        role = ChatRole::kTool;
        break;
      default:
        return absl::InvalidArgumentError(
            absl::StrFormat("messages[%d].role is %d: wanted system, user, assistant or tool",
                            messages.size(), message.role()));
    }
    messages.push_back({.role = role,
                        .content = message.content(),
                        .name = message.name(),
                        .tool_call_id = message.tool_call_id(),
                        .tool_calls = message.tool_calls(),
                        .reasoning = message.reasoning()});
  }
  return messages;
}

}  // namespace

absl::StatusOr<std::vector<int32_t>> ToTokenIds(const google::protobuf::RepeatedField<uint32_t>& ids,
                                                const char* field, size_t vocab_size) {
  for (int i = 0; i < ids.size(); ++i) {
    if (ids[i] >= vocab_size) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s[%d] is %d: the vocabulary has %d tokens", field, i, ids[i], vocab_size));
    }
  }
  return std::vector<int32_t>(ids.begin(), ids.end());
}

absl::StatusOr<GenerationRequest> ToGenerationRequest(const worker::v1::GenerateRequest& request,
                                                      size_t vocab_size) {
  if (!request.sampling().has_seed()) {
    return absl::InvalidArgumentError(
        "sampling.seed is not set: the front draws it, so that another attempt can go on with it");
  }
  if (request.logprobs() > kMaxLogprobs) {
    return absl::InvalidArgumentError(
        absl::StrFormat("logprobs is %d: wanted at most %d", request.logprobs(), kMaxLogprobs));
  }
  GenerationRequest generation;
  ASSIGN_OR_RETURN(generation.prompt, ToTokenIds(request.prompt(), "prompt", vocab_size));
  ASSIGN_OR_RETURN(generation.generated, ToTokenIds(request.generated(), "generated", vocab_size));
  ASSIGN_OR_RETURN(generation.stop_tokens,
                   ToTokenIds(request.stop_token_ids(), "stop_token_ids", vocab_size));
  generation.sampling = ToSamplingParams(request.sampling());
  generation.max_tokens = ToCount(request.max_tokens());
  generation.min_tokens = ToCount(request.min_tokens());
  generation.ignore_eos = request.ignore_eos();
  generation.num_logprobs = request.has_logprobs() ? ToCount(request.logprobs()) : -1;
  generation.priority = ToPriority(request.priority());
  generation.constraint = ToConstraint(request);
  if (request.has_embed()) {
    generation.embed = ToPooling(request.embed());
  }
  for (const v1::AdapterUse& use : request.adapters()) {
    generation.adapters.push_back({use.name(), use.has_scale() ? use.scale() : 1});
  }
  return generation;
}

worker::v1::GeneratedToken ToMessage(const GeneratedToken& token, const Tokenizer& tokenizer) {
  worker::v1::GeneratedToken generated;
  generated.set_text(std::string(tokenizer.TokenBytes(token.id)));
  generated.mutable_token()->set_index(token.index);
  generated.mutable_token()->set_id(token.id);
  if (token.logprob) {
    generated.mutable_token()->set_logprob(*token.logprob);
  }
  for (const TokenLogprob& alternative : token.alternatives) {
    v1::TokenLogprob& added = *generated.mutable_token()->add_alternatives();
    added.set_id(alternative.id);
    added.set_logprob(alternative.logprob);
    added.set_text(std::string(tokenizer.TokenBytes(alternative.id)));
  }
  return generated;
}

worker::v1::GenerateResponse EmbeddingResponse(uint32_t attempt, std::span<const float> embedding) {
  worker::v1::GenerateResponse response;
  response.mutable_embedding()->set_attempt(attempt);
  response.mutable_embedding()->mutable_embedding()->mutable_values()->Assign(embedding.begin(),
                                                                              embedding.end());
  return response;
}

worker::v1::GenerateResponse FinishedResponse(uint32_t attempt, FinishReason reason,
                                              const GenerationUsage& usage, const EnergyLabel* energy) {
  worker::v1::GenerateResponse response;
  worker::v1::GenerateFinished& finished = *response.mutable_finished();
  finished.set_attempt(attempt);
  finished.set_reason(ToFinishReason(reason));
  finished.mutable_usage()->set_prompt_tokens(usage.prompt_tokens);
  finished.mutable_usage()->set_cached_tokens(usage.cached_tokens);
  finished.mutable_usage()->set_generated_tokens(usage.generated_tokens);
  finished.mutable_usage()->set_queue_seconds(absl::ToDoubleSeconds(usage.queue_time));
  finished.mutable_usage()->set_prefill_seconds(absl::ToDoubleSeconds(usage.prefill_time));
  finished.mutable_usage()->set_decode_seconds(absl::ToDoubleSeconds(usage.decode_time));
  if (std::optional<v1::Energy> message = EnergyMessage(usage.joules, energy)) {
    *finished.mutable_usage()->mutable_energy() = *std::move(message);
  }
  return response;
}

std::optional<v1::Energy> EnergyMessage(std::optional<double> joules, const EnergyLabel* label) {
  if (!joules.has_value() || label == nullptr) {
    return std::nullopt;
  }
  v1::Energy energy;
  energy.set_joules(*joules);
  energy.set_source(label->source);
  energy.set_scope(label->scope);
  return energy;
}

absl::StatusOr<std::vector<int32_t>> Encode(const v1::TokenizeRequest& request, const Tokenizer& tokenizer,
                                            const ChatTemplate& chat) {
  switch (request.input_case()) {
    case v1::TokenizeRequest::kText:
      return request.no_special_tokens() ? tokenizer.Encode(request.text(), SpecialTokens::kPlain)
                                         : tokenizer.EncodePrompt(request.text());
    case v1::TokenizeRequest::kMessages: {
      ASSIGN_OR_RETURN(const std::vector<ChatMessage> messages, ToChatMessages(request.messages()));
      return chat.Encode(messages,
                         {.tools = request.messages().tools(), .variables = request.messages().variables()});
    }
    case v1::TokenizeRequest::INPUT_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("neither text nor messages are set");
}

v1::Model ToModel(const Engine& engine, const std::string& name) {
  const ModelConfig& config = engine.config();
  v1::Model model;
  model.set_name(name);
  model.set_architecture(config.architecture);
  model.set_parameters(engine.num_parameters());
  model.set_context_length(config.max_seq_len);
  model.set_vocab_size(config.vocab_size);
  model.set_num_layers(config.num_layers);
  model.set_hidden_dim(config.hidden_dim);
  model.set_file_bytes(engine.file_bytes());
  model.set_pooling(ToMessage(config.pooling));
  const std::span<const int32_t> end_ids = engine.tokenizer().end_ids();
  model.mutable_end_token_ids()->Assign(end_ids.begin(), end_ids.end());
  if (const std::optional<int32_t> bos = engine.tokenizer().bos_id()) {
    model.set_bos_token_id(*bos);
  }
  return model;
}

worker::v1::WorkerStatus ToWorkerStatus(const Engine& engine) {
  const EngineStats stats = engine.stats();
  worker::v1::WorkerStatus status;
  status.set_steps(stats.steps);
  status.set_step_seconds_sum(stats.step_seconds_sum);
  status.mutable_step_seconds_buckets()->Assign(stats.step_seconds_buckets.begin(),
                                                stats.step_seconds_buckets.end());
  status.mutable_step_seconds_bounds()->Assign(stats.step_seconds_bounds.begin(),
                                               stats.step_seconds_bounds.end());
  status.set_batch_size_sum(stats.batch_size_sum);
  status.mutable_batch_size_buckets()->Assign(stats.batch_size_buckets.begin(),
                                              stats.batch_size_buckets.end());
  status.mutable_batch_size_bounds()->Assign(stats.batch_size_bounds.begin(), stats.batch_size_bounds.end());
  status.set_max_sequences(stats.max_sequences);
  status.set_sequence_limit(stats.sequence_limit);
  status.set_running(stats.running);
  status.set_waiting(stats.waiting);
  status.set_kv_blocks(stats.kv_blocks);
  status.set_kv_blocks_free(stats.kv_blocks_free);
  status.set_prefill_tokens(stats.prefill_tokens);
  status.set_decode_tokens(stats.decode_tokens);
  status.set_drafted_tokens(stats.drafted_tokens);
  status.set_accepted_tokens(stats.accepted_tokens);
  status.set_prefix_query_tokens(stats.prefix_query_tokens);
  status.set_prefix_hit_tokens(stats.prefix_hit_tokens);
  status.set_preemptions(stats.preemptions);
  status.set_gpu(stats.gpu.device);
  status.set_gpu_steps(stats.gpu.steps);
  status.set_gpu_failures(stats.gpu.failures);
  if (stats.charged_joules.has_value()) status.set_charged_joules(*stats.charged_joules);
  if (stats.idle_joules.has_value()) status.set_idle_joules(*stats.idle_joules);
  status.set_threads(engine.num_threads());
  status.set_isa(engine.isa());
  return status;
}

void FillInCpuTime(const OwnCpuTime& time, worker::v1::WorkerStatus& status) {
  status.set_cpu_seconds(absl::ToDoubleSeconds(time.total));
  if (time.performance.has_value()) {
    status.set_performance_cpu_seconds(absl::ToDoubleSeconds(*time.performance));
  }
}

void LimitSequences(uint32_t limit, Engine& engine) {
  engine.LimitSequences(limit == 0 ? std::numeric_limits<int>::max() : ToCount(limit));
}

}  // namespace bitnet
