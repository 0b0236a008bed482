// Tensors of codes and scales, and the bytes that each type's definition gives them: weight by weight,
// slowly, sharing nothing with the code under test.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "engine/formats/row_decoder.h"
#include "engine/model/model_file.h"

namespace bitnet {

struct CodeMatrix {
  size_t rows;
  size_t k;
  size_t group;               // Neighbours of a row with one scale.
  std::vector<int8_t> codes;  // [rows, k]
  std::vector<float> scales;  // [rows, k / group]
  int8_t code(size_t row, size_t j) const { return codes[row * k + j]; }
  float scale(size_t row, size_t j) const { return scales[(row * k + j) / group]; }
};

// Codes of `range`, all values of it; scales that half precision holds, all the same if `one_scale`.
CodeMatrix RandomCodes(size_t rows, size_t k, size_t group, CodeRange range, bool one_scale,
                       std::mt19937& rng);

// The bytes of a tensor of one of the types that hold codes.
std::vector<uint8_t> ReferenceBytes(GgmlType type, const CodeMatrix& matrix,
                                    I2sLayout i2s = I2sLayout::k128x32);

// Half precision to nearest even, for 0 and values in its normal range.
uint16_t ReferenceHalf(float value);

// A tensor over `bytes`, which it borrows.
ModelTensor TensorOver(GgmlType type, size_t rows, size_t k, const std::vector<uint8_t>& bytes);

// A type that holds codes, what its definition says of it, and a shape that has every edge of it.
struct CodeType {
  const char* name;
  GgmlType type;
  CodeRange range;
  size_t group;  // 0: the row.
  bool one_scale;
  size_t rows;
  size_t k;
  I2sLayout i2s = I2sLayout::k128x32;
};
const std::vector<CodeType>& CodeTypes();

}  // namespace bitnet
