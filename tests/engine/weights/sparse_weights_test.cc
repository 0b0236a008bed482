#include "engine/weights/sparse_weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "engine/formats/row_decoder.h"
#include "engine/weights/model_weights.h"
#include "engine/weights/packed_format.h"
#include "tests/engine/random_model.h"

namespace bitnet {
namespace {

// A layer whose feed-forward matrices are packed as `type`.
struct PackedLayer {
  PackedLayer(const ModelFile& file, GgmlType type, ThreadPool& pool) {
    layer.up.matrix = Pack(file, "blk.0.ffn_up.weight", type, up, pool);
    layer.down.matrix = Pack(file, "blk.0.ffn_down.weight", type, down, pool);
  }

  static Matrix Pack(const ModelFile& file, const char* name, GgmlType type, AlignedBuffer<uint8_t>& memory,
                     ThreadPool& pool) {
    const ModelTensor* tensor = *file.GetTensor(name);
    const RowDecoder decoder = *RowDecoder::Create(*tensor);
    memory = AlignedBuffer<uint8_t>(PackedBytes(type, decoder.rows(), decoder.k(), 0));
    EXPECT_TRUE(PackMatrix(decoder, type, 0, 1, pool, memory.span()).ok());
    Matrix matrix = *ParsePacked(
        {.name = name, .type = type, .dims = {decoder.k(), decoder.rows()}, .data = memory.span()});
    matrix.activations = ActivationFormat::kInt8Token;
    return matrix;
  }

  AlignedBuffer<uint8_t> up, down;
  LayerWeights layer;
};

// Bits 2p+1:2p of byte i of a block of 128 are the code of offset 32p + i.
int Weight(const uint8_t* packed, size_t at) {
  return (packed[at / 128 * 32 + at % 32] >> (2 * (at % 128 / 32)) & 3) - 1;
}

TEST(SparseWeightsTest, HoldTheWeightsOfBothTernaryLayouts) {
  const RandomModelShape shape = {.num_layers = 1};
  const std::vector<uint8_t> bytes = RandomModel(shape);
  const auto file = *ModelFile::Parse(bytes, "random");
  const ModelConfig config = *ReadModelConfig(*file);
  ThreadPool pool(2);
  for (const GgmlType type : {GgmlType::kPacked2Bit, GgmlType::kPackedBase3}) {
    std::vector<LayerWeights> layers;
    const PackedLayer packed(*file, type, pool);
    layers.push_back(packed.layer);
    const auto sparse = CopySparse(config, layers, pool);
    ASSERT_TRUE(sparse.ok()) << sparse.status();
    ASSERT_TRUE(sparse->layers[0].present());
    const RowDecoder up = *RowDecoder::Create(**file->GetTensor("blk.0.ffn_up.weight"));
    const RowDecoder down = *RowDecoder::Create(**file->GetTensor("blk.0.ffn_down.weight"));
    std::vector<int8_t> codes(std::max(up.k(), down.k()));
    float scale;
    for (size_t row = 0; row < up.rows(); ++row) {
      ASSERT_TRUE(up.Codes(row, codes.data(), &scale));
      for (size_t k = 0; k < up.k(); ++k) {
        ASSERT_EQ(Weight(sparse->layers[0].up_rows + row * up.k() / 4, k), codes[k]);
      }
    }
    for (size_t row = 0; row < down.rows(); ++row) {
      ASSERT_TRUE(down.Codes(row, codes.data(), &scale));
      for (size_t k = 0; k < down.k(); ++k) {
        ASSERT_EQ(Weight(sparse->layers[0].down_columns + k * down.rows() / 4, row), codes[k]);
      }
    }
  }
}

TEST(SparseWeightsTest, RefuseACodeThatIsNoWeight) {
  const std::vector<uint8_t> bytes = RandomModel({.num_layers = 1});
  const auto file = *ModelFile::Parse(bytes, "random");
  ThreadPool pool(1);
  std::vector<LayerWeights> layers;
  PackedLayer packed(*file, GgmlType::kPacked2Bit, pool);
  packed.down[5] |= 3;
  layers.push_back(packed.layer);
  const auto sparse = CopySparse(*ReadModelConfig(*file), layers, pool);
  EXPECT_EQ(sparse.status().code(), absl::StatusCode::kDataLoss) << sparse.status();
}

}  // namespace
}  // namespace bitnet
