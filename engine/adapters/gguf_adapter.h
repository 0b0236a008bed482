// Adapters in GGUF files, as llama.cpp's converter writes them.
//
// Keys: general.type is "adapter", general.architecture that of the base model, adapter.type "lora",
// adapter.lora.alpha a float. Tensors: "blk.0.attn_q.weight.lora_a" with dims {k, rank} and ".lora_b" with
// dims {rank, rows}. The scale of a pair is alpha / rank, or 1 if alpha is 0. Rows of queries and keys are
// interleaved as those of the base model's file are.
#pragma once

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "engine/adapters/adapter.h"
#include "engine/model/model_config.h"
#include "engine/model/model_file.h"

namespace bitnet {

// INVALID_ARGUMENT: an adapter of another architecture. UNIMPLEMENTED: another kind of adapter, or one that
// changes something that is none of the layers' seven matrices. DATA_LOSS: a key is missing or wrong. All
// that AssembleAdapter gives. Messages name the file and the key or tensor.
absl::StatusOr<std::unique_ptr<Adapter>> ReadGgufAdapter(const ModelFile& file, const ModelConfig& config,
                                                         size_t max_bytes);

}  // namespace bitnet
