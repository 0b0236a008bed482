// Rpc messages to and from the engine's own types. What a peer can get wrong is checked here, once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/sensors/cpu_time.h"
#include "base/sensors/energy_source.h"
#include "engine/engine.h"
#include "proto/bitnet/v1/inference.pb.h"
#include "proto/bitnet/worker/v1/worker.pb.h"

namespace bitnet {

// INVALID_ARGUMENT names the field: token ids beyond the vocabulary, no seed, too many logprobs. Ranges of
// sampling settings and the prompt's length are left to Engine::Submit, which knows them.
absl::StatusOr<GenerationRequest> ToGenerationRequest(const worker::v1::GenerateRequest& request,
                                                      size_t vocab_size);

// A token with its bytes, and those of its alternatives.
worker::v1::GeneratedToken ToMessage(const GeneratedToken& token, const Tokenizer& tokenizer);
worker::v1::GenerateResponse EmbeddingResponse(uint32_t attempt, std::span<const float> embedding);
// The last message. `reason` is not kCancelled: who cancelled is told nothing.
worker::v1::GenerateResponse FinishedResponse(uint32_t attempt, FinishReason reason,
                                              const GenerationUsage& usage,
                                              const EnergyLabel* energy = nullptr);

// Nothing without joules, or without a label, of what counts them.
std::optional<v1::Energy> EnergyMessage(std::optional<double> joules, const EnergyLabel* label);

// Token ids of what TokenizeRequest holds. INVALID_ARGUMENT: it holds nothing, or a message without a role.
absl::StatusOr<std::vector<int32_t>> Encode(const v1::TokenizeRequest& request, const Tokenizer& tokenizer,
                                            const ChatTemplate& chat);

// `name` is what the model is called.
v1::Model ToModel(const Engine& engine, const std::string& name);
worker::v1::WorkerStatus ToWorkerStatus(const Engine& engine);
void FillInCpuTime(const OwnCpuTime& time, worker::v1::WorkerStatus& status);
// As GetStatusRequest.sequence_limit has it; 0: as many as the engine was made for.
void LimitSequences(uint32_t limit, Engine& engine);

// Checks that ids are below vocab_size; the message names `field`, the position and the id.
absl::StatusOr<std::vector<int32_t>> ToTokenIds(const google::protobuf::RepeatedField<uint32_t>& ids,
                                                const char* field, size_t vocab_size);

}  // namespace bitnet
