// The forward pass in double precision, written straight from the paper and the file format, for one sequence
// and without any cache. Shares no code with what it checks.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/model/model_file.h"
#include "engine/model/model_config.h"

namespace bitnet {

// Logits after each token, [tokens.size()][vocab_size].
std::vector<std::vector<double>> ReferenceLogits(const ModelFile& file, const ModelConfig& config,
                                                 std::span<const int32_t> tokens);

}  // namespace bitnet
