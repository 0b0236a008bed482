#include "engine/model/architecture.h"

#include <algorithm>
#include <iterator>

namespace bitnet {
namespace {

constexpr Architecture kArchitectures[] = {
    // Microsoft's BitNet-b1.58-2B-4T, and its name in the first upload, whose output.weight repeats the
    // embedding.
    {"bitnet-b1.58", FfnActivation::kSquaredRelu, RopePairs::kHalves, true, false, true, true},
    {"bitnet-25", FfnActivation::kSquaredRelu, RopePairs::kHalves, true, false, true, true},
    // The reproductions bitnet_b1_58-large and -3B.
    {"bitnet", FfnActivation::kSilu, RopePairs::kHalves, true, false, true, true},
    // Falcon3-1.58bit, Falcon-E, Llama3-8B-1.58, TriLM.
    {"llama", FfnActivation::kSilu, RopePairs::kNeighbours, false, false, false, false},
    // Bonsai and Ternary-Bonsai.
    {"qwen3", FfnActivation::kSilu, RopePairs::kHalves, false, true, false, false},
};

}  // namespace

std::span<const Architecture> Architectures() { return kArchitectures; }

const Architecture* FindArchitecture(std::string_view name) {
  const auto* found = std::ranges::find(kArchitectures, name, &Architecture::name);
  return found == std::end(kArchitectures) ? nullptr : found;
}

}  // namespace bitnet
