// The forward pass in double precision, written straight from the papers, for one sequence and without any
// cache. Shares with what it checks only the decoding of tensors, which has tests of its own.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/adapters/adapter.h"
#include "engine/model/model_config.h"
#include "engine/model/model_file.h"

namespace bitnet {

// Logits after each token, [tokens.size()][vocab_size], of the model with the changes of all `adapters`.
std::vector<std::vector<double>> ReferenceLogits(const ModelFile& file, const ModelConfig& config,
                                                 std::span<const int32_t> tokens,
                                                 std::span<const ActiveAdapter> adapters = {});

}  // namespace bitnet
