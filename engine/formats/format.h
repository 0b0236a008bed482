// What decoder and encoder know of each type: a row of the table in format_table.cc, whose functions are in
// one file per family.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/formats/row_decoder.h"
#include "engine/model/model_file.h"

namespace bitnet {

// A matrix in the bytes of a tensor whose size has been checked. A row is one of the stored order.
struct StoredMatrix {
  const uint8_t* data;
  size_t rows;
  size_t k;
  float scale = 1;   // Of all weights, where the type keeps it outside the tensor or at its end.
  size_t group = 0;  // Neighbours that share a scale, where the tensor says how many.
};

// Writes weights [begin, begin + count) of a row, finite or not. `begin` is a multiple of the type's block,
// and so is `count`.
using DecodeFloats = void(const StoredMatrix& matrix, size_t row, size_t begin, size_t count, float* out);

// Writes weights [begin, begin + count) of a row as codes, and the scale they share. `begin` is a multiple of
// the format's chunk; `count` is the chunk, or less at the end of the row. False if a code stands for
// nothing; the scale is as it is stored, finite or not.
using DecodeCodes = bool(const StoredMatrix& matrix, size_t row, size_t begin, size_t count, int8_t* out,
                         float* scale);

// A matrix whose bytes are being written. The two functions below write all bytes of the weights they are
// given, and nothing else, so that rows may be written concurrently and in any order.
struct WritableMatrix {
  uint8_t* data;
  size_t rows;
  size_t k;
};

// Encodes weights [begin, begin + count) of a row, `begin` and `count` multiples of the type's block.
using EncodeFloats = void(const WritableMatrix& matrix, size_t row, size_t begin, size_t count,
                          const float* in);

// Encodes one chunk of codes, all of which the type has, and its scale, where that is kept with the weights.
using EncodeCodes = void(const WritableMatrix& matrix, size_t row, size_t begin, const int8_t* in,
                         float scale);

// Makes codes of one chunk of floats as ggml's reference does, and returns their scale.
using QuantizeChunk = float(const float* in, size_t count, int8_t* codes);

// Writes the bytes of a tensor that are no row's.
using FinishTensor = void(const WritableMatrix& matrix, float tensor_scale);

// Coding works on so many codes at most, on the stack.
inline constexpr size_t kMaxChunk = 256;

struct Format {
  GgmlType type;
  CodeRange codes = CodeRange::kNone;
  size_t chunk = 0;          // At most kMaxChunk, and divides the group.
  size_t group_weights = 0;  // 0: the row.
  bool tensor_scale = false;
  size_t k_multiple = 1;                  // Beyond what the type's blocks want.
  size_t rows_multiple = 1;               // Likewise.
  DecodeFloats* decode_floats = nullptr;  // Where codes is kNone.
  DecodeCodes* decode_codes = nullptr;    // Elsewhere.
  // Null for types that are only read, and for codes that no floats are made into.
  EncodeFloats* encode_floats = nullptr;
  EncodeCodes* encode_codes = nullptr;
  QuantizeChunk* quantize = nullptr;
  FinishTensor* finish = nullptr;  // Null: there are none.
  bool half_scale = false;         // Scales are kept in half precision.
};

// Null if there is no reading that type.
const Format* FindFormat(GgmlType type, I2sLayout i2s);

// Writes a whole row of floats: code times scale, or what the type's definition gives. False if one is not
// finite or a code stands for nothing. (row_decoder.cc)
bool DecodeRow(const Format& format, const StoredMatrix& matrix, size_t row, float* out);

// The family files' functions.

// float_rows.cc
DecodeFloats DecodeF32, DecodeF16, DecodeBF16;
EncodeFloats EncodeF32, EncodeF16, EncodeBF16;
// legacy_blocks.cc
DecodeFloats DecodeQ4_0, DecodeQ8_0;
EncodeFloats EncodeQ4_0, EncodeQ8_0;
// k_quants.cc, q6_k_encoder.cc
DecodeFloats DecodeQ4K, DecodeQ5K, DecodeQ6K;
EncodeFloats EncodeQ6K;
// ternary_blocks.cc
DecodeCodes DecodeTQ1_0, DecodeTQ2_0;
EncodeCodes EncodeTQ1_0, EncodeTQ2_0;
// group_blocks.cc
DecodeCodes DecodeQ1_0, DecodeQ2_0, DecodePQ2_0;
EncodeCodes EncodeQ1_0, EncodeQ2_0, EncodePQ2_0;
// bn_rows.cc
DecodeCodes DecodeIQ1BN, DecodeIQ2BN;
// i2s_layouts.cc
DecodeCodes DecodeI2s128, DecodeI2s64, DecodeI2s4Rows;
EncodeCodes EncodeI2s128;
FinishTensor FinishI2s;
// sign_tiles.cc
DecodeCodes DecodeQ1K;
EncodeCodes EncodeQ1K;
FinishTensor FinishQ1K;
// row_quarters.cc
DecodeCodes DecodeHfTernary;
// packed_tiles.cc
DecodeCodes DecodePacked2Bit, DecodePackedBase3, DecodePackedGrouped1Bit, DecodePackedGrouped2Bit;
// int6_tiles.cc
DecodeFloats DecodeInt6;
EncodeFloats EncodeInt6;
FinishTensor FinishInt6;
// chunk_quantizers.cc
QuantizeChunk QuantizeByLargest, QuantizeBySign;

}  // namespace bitnet
