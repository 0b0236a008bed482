// Adapters in directories, as PEFT saves them: adapter_config.json and adapter_model.safetensors.
//
// Tensors: "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight" of shape [rank, k] and
// ".lora_B.weight" of shape [rows, rank], Hugging Face's order of rows.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "engine/adapters/adapter.h"
#include "engine/model/mapping.h"
#include "engine/model/model_config.h"
#include "engine/model/model_file.h"

namespace bitnet {

// NOT_FOUND: one of the files is not there. UNIMPLEMENTED: as of ReadPeftConfig, or a tensor that is no half
// of a pair of the layers' seven matrices. DATA_LOSS: as of ReadSafetensors. All that AssembleAdapter
// gives. Messages name
// the file and the key or tensor.
absl::StatusOr<std::unique_ptr<Adapter>> OpenPeftAdapter(const std::string& directory,
                                                         const ModelConfig& config, size_t max_bytes);

// The same from bytes in memory; `path` is used in messages.
absl::StatusOr<std::unique_ptr<Adapter>> ParsePeftAdapter(std::span<const uint8_t> config_json,
                                                          std::span<const uint8_t> safetensors,
                                                          const std::string& path, const ModelConfig& config,
                                                          size_t max_bytes);

}  // namespace bitnet
