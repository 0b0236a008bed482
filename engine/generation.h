// What is asked of the engine, and what comes back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "engine/grammar/constraint.h"
#include "engine/model/pooling.h"

namespace bitnet {

// Each costs two passes over small matrices per layer and token.
inline constexpr size_t kMaxAdaptersPerRequest = 8;

// Handle of one generation.
using GenerationId = uint64_t;

// How the next token is chosen from the logits, applied in the order of the fields.
struct SamplingParams {
  float repetition_penalty = 1;  // Over prompt and output: logit divided (if positive) or multiplied by it.
  float presence_penalty = 0;    // Subtracted once from the logit of each token in the output.
  float frequency_penalty = 0;   // Subtracted as often as the token occurs in the output.
  float temperature = 0;         // 0 is greedy; ties go to the lowest id.
  int top_k = 0;                 // 0 keeps all.
  float top_p = 1;
  float min_p = 0;
  uint64_t seed = 0;
};

// A loaded adapter, and how much of it: its change to the model is multiplied by `scale`.
struct AdapterUse {
  std::string name;
  float scale = 1;
};

// Who goes first where there is not room for all. Who waits rises, see EngineOptions::priority_ageing.
enum class Priority { kBackground, kNormal, kInteractive };

struct GenerationRequest {
  std::vector<int32_t> prompt = {};     // Not empty.
  std::vector<int32_t> generated = {};  // Output of an earlier attempt, to be continued; usually empty.
  SamplingParams sampling = {};
  int max_tokens = 0;       // Of output, `generated` included; 0: what fits the context.
  int min_tokens = 0;       // End tokens are masked out before this many.
  bool ignore_eos = false;  // End tokens of the model do not end the answer (stop_tokens still do).
  std::vector<int32_t> stop_tokens = {};  // End the answer as the model's own end tokens do.
  int num_logprobs = -1;                  // -1: none; 0: of the chosen token; n: and of the n likeliest.
  Priority priority = Priority::kNormal;
  std::vector<AdapterUse> adapters = {};  // Their changes add up. At most kMaxAdaptersPerRequest.
  // What the output must look like: tokens that it does not allow are taken out before any sampling setting,
  // and end tokens are possible exactly where it lets the output end. When nothing may follow, the output
  // ends without one (kEndToken), also before min_tokens.
  Constraint constraint = {};
  // Instead of an answer, the prompt's embedding (scheduler/pooler.h): what is said above of output has no
  // effect, and `generated` is empty.
  std::optional<Pooling> embed = {};
};

struct TokenLogprob {
  int32_t id;
  float logprob;  // Natural logarithm, of the distribution before any sampling setting.
};

struct GeneratedToken {
  int index;  // 0 for the first of the output, `generated` counted.
  int32_t id;
  std::optional<float> logprob = {};
  std::vector<TokenLogprob> alternatives = {};  // Likeliest first.
  std::optional<double> joules = {};            // Of the generation so far, as in GenerationUsage.
};

enum class FinishReason {
  kEndToken,  // The end token itself is not delivered.
  kLength,
  kCancelled,
  kDeadEnd,   // The constraint wants more, but allows none of the vocabulary's tokens.
  kEmbedded,  // OnEmbedding has been called.
};

struct GenerationUsage {
  int prompt_tokens = 0;
  int cached_tokens = 0;  // Of the prompt: found in the prefix cache, and not run again.
  int generated_tokens = 0;
  int drafted_tokens = 0;   // Guessed by speculation,
  int accepted_tokens = 0;  // and of these the right ones: each saved a step.
  absl::Duration queue_time;
  absl::Duration prefill_time;
  absl::Duration decode_time;
  // What it took by EngineOptions::energy_counter; nothing if nothing was counted.
  std::optional<double> joules = {};
};

// Receives one generation's events, in order, on the engine's thread: it must not block or call the engine
// (setting an atomic and queueing for another thread are fine).
class GenerationSink {
 public:
  virtual ~GenerationSink() = default;
  // It has a slot, and is computed from now on; before any token.
  virtual void OnAdmitted() {}
  virtual void OnToken(const GeneratedToken& token) = 0;
  // In the place of tokens, if an embedding was asked for: once, unless it is cancelled; [hidden_dim], for
  // the time of the call.
  virtual void OnEmbedding(std::span<const float> /*embedding*/) {}
  // The last call, always made exactly once after a successful Submit.
  virtual void OnFinished(FinishReason reason, const GenerationUsage& usage) = 0;
};

}  // namespace bitnet
