// Model files with random weights: every dimension can be had, and the same seed gives the same bytes on
// every platform (std::mt19937 is specified to the bit; the distributions of the standard library are not).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/model/model_file.h"

namespace bitnet {

struct RandomModelShape {
  size_t hidden_dim = 256;
  size_t ffn_dim = 768;
  size_t num_layers = 2;
  size_t num_heads = 4;
  size_t num_kv_heads = 2;
  size_t head_dim = 64;
  size_t vocab_size = 512;  // At least 259: all bytes, and begin, end and end of turn, the last three.
  size_t max_seq_len = 256;
  uint32_t seed = 1;
  std::string architecture = "bitnet-b1.58";
  GgmlType matrices = GgmlType::kI2S;   // Of the layers. One of those RandomTensor::num_bytes knows.
  GgmlType embedding = GgmlType::kF16;  // And of the head, if the architecture has its own.
  bool own_head = false;                // An output.weight.
  bool input_norms = false;             // An RMSNorm of its own before each matrix.
  uint32_t hadamard_block = 0;          // A transform before the last matrices of attention and FFN; 0: none.

  int32_t begin_id() const { return static_cast<int32_t>(vocab_size) - 3; }
  int32_t end_id() const { return static_cast<int32_t>(vocab_size) - 2; }
  int32_t end_of_turn_id() const { return static_cast<int32_t>(vocab_size) - 1; }
};

// As BitNet b1.58 2B4T: 1.2 GB.
inline const RandomModelShape k2b4tShape = {.hidden_dim = 2560,
                                            .ffn_dim = 6912,
                                            .num_layers = 30,
                                            .num_heads = 20,
                                            .num_kv_heads = 5,
                                            .head_dim = 128,
                                            .vocab_size = 128256,
                                            .max_seq_len = 4096};

// One tensor of the file. Tests of malformed files change these.
struct RandomTensor {
  std::string name;
  GgmlType type;
  std::vector<uint64_t> dims;
  float scale = 1;  // Roughly the standard deviation of the weights.

  uint64_t num_elements() const;
  uint64_t num_bytes() const;
};

// What a file of this shape holds, in file order.
std::vector<RandomTensor> RandomModelTensors(const RandomModelShape& shape);

// A whole file in memory. It outlives the ModelFile parsed from it.
std::vector<uint8_t> RandomModel(const RandomModelShape& shape);
std::vector<uint8_t> RandomModel(const RandomModelShape& shape, const std::vector<RandomTensor>& tensors);

// The same bytes, written to `path` piece by piece.
absl::Status WriteRandomModel(const RandomModelShape& shape, const std::string& path);

// `n` token ids below `vocab_size`.
std::vector<int32_t> RandomTokens(size_t n, size_t vocab_size, uint32_t seed);

}  // namespace bitnet
