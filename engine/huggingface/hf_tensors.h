// A Hugging Face model's tensors as a GGUF file of it has them.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "engine/huggingface/hf_config.h"
#include "engine/huggingface/safetensors.h"
#include "engine/model/model_file.h"

namespace bitnet {

// Names, types, shapes and what goes with them (scale, quantize_absmean, rope_heads); the data stays where it
// is. In the order of a GGUF file. A saved copy of a tied output head is left out.
//
// DATA_LOSS: a packed matrix has no scale or is one that the configuration says was left alone, a float
// matrix stands where a packed one should, heads do not fit its rows, or two tensors have one name.
// UNIMPLEMENTED: we do not know a tensor, or its type where it stands. Messages name the tensor as its file
// does.
absl::StatusOr<std::vector<ModelTensor>> GgufTensorsOf(const HfConfig& config,
                                                       const std::vector<SafetensorsTensor>& tensors);

// What to divide each rotary frequency by, head_dim / 2 numbers, under the scaling that Llama 3.1 introduced.
// A GGUF file has them as the tensor "rope_freqs.weight". `config.rope_scaling` is of type "llama3".
std::vector<float> RopeFrequencyFactors(const HfConfig& config);

}  // namespace bitnet
