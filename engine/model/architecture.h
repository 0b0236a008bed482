// The families of transformers we run, and how they differ.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace bitnet {

enum class FfnActivation : uint8_t {
  kSquaredRelu,  // max(gate, 0)^2 * up
  kSilu,         // gate * sigmoid(gate) * up
};

// Which elements of a head a rotary embedding turns together.
enum class RopePairs : uint8_t {
  kHalves,      // i and i + head_dim/2 ("NeoX").
  kNeighbours,  // 2i and 2i + 1: the rows of query and key matrices are interleaved in these files.
};

struct Architecture {
  std::string_view name;  // general.architecture.
  FfnActivation ffn;
  RopePairs rope;
  bool sub_norms;          // RMSNorm of the inputs of the attention's and the FFN's last matrix.
  bool query_key_norms;    // RMSNorm of each head of queries and keys.
  bool trained_quantised;  // Its models expect int8 activations with one scale per token, whatever type holds
                           // them.
  bool head_is_embedding;  // Even if the file has an output.weight.
};

std::span<const Architecture> Architectures();
// Null if we do not know it.
const Architecture* FindArchitecture(std::string_view name);

}  // namespace bitnet
