#include "engine/weights/model_weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "engine/loaded_model.h"
#include "kernels/ternary_gemm/ternary_gemm.h"
#include "tests/engine/random_model.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

// Loads a model whose tensor `name` was changed.
absl::Status LoadChanged(const std::string& name, void (*change)(RandomTensor&)) {
  const RandomModelShape shape;
  std::vector<RandomTensor> tensors = RandomModelTensors(shape);
  const auto tensor = std::ranges::find(tensors, name, &RandomTensor::name);
  change(*tensor);
  const std::vector<uint8_t> bytes = RandomModel(shape, tensors);
  auto file = ModelFile::Parse(bytes, "changed.gguf");
  if (!file.ok()) {
    return file.status();
  }
  ThreadPool pool(2);
  return LoadedModel::Load(*std::move(file), {}, pool).status();
}

TEST(ModelWeightsTest, NamesAMissingTensor) {
  const absl::Status status =
      LoadChanged("blk.1.ffn_up.weight", [](RandomTensor& tensor) { tensor.name = "other"; });
  EXPECT_TRUE(IsError(status, absl::StatusCode::kDataLoss, "tensor blk.1.ffn_up.weight is missing"));
}

TEST(ModelWeightsTest, NamesATensorOfTheWrongShape) {
  const absl::Status status = LoadChanged("blk.0.attn_k.weight", [](RandomTensor& tensor) {
    tensor.dims = {256, 256};
  });
  EXPECT_TRUE(IsError(status, absl::StatusCode::kDataLoss,
                      "tensor blk.0.attn_k.weight has shape {256, 256}, not {256, 128}"));
}

TEST(ModelWeightsTest, NamesANormOfTheWrongShape) {
  const absl::Status status =
      LoadChanged("blk.1.ffn_sub_norm.weight", [](RandomTensor& tensor) { tensor.dims = {256}; });
  EXPECT_TRUE(IsError(status, absl::StatusCode::kDataLoss,
                      "tensor blk.1.ffn_sub_norm.weight has shape {256}, not {768}"));
}

TEST(ModelWeightsTest, NamesATensorOfTheWrongType) {
  const absl::Status status = LoadChanged(
      "blk.1.ffn_down.weight", [](RandomTensor& tensor) { tensor.type = static_cast<GgmlType>(3); });
  EXPECT_TRUE(IsError(status, absl::StatusCode::kUnimplemented, "blk.1.ffn_down.weight"));
  EXPECT_TRUE(IsError(status, absl::StatusCode::kUnimplemented, "Q4_1"));
}

TEST(ModelWeightsTest, NamesATensorWhoseScaleIsNotFinite) {
  const absl::Status status = LoadChanged("blk.0.attn_output.weight", [](RandomTensor& tensor) {
    tensor.scale = std::numeric_limits<float>::quiet_NaN();
  });
  EXPECT_TRUE(IsError(status, absl::StatusCode::kDataLoss,
                      "tensor blk.0.attn_output.weight holds a scale that is not finite"));
}

// Changes bytes of a tensor in place.
absl::Status LoadDamaged(const std::string& name, size_t offset, std::vector<uint8_t> damage) {
  std::vector<uint8_t> bytes = RandomModel(RandomModelShape());
  {
    const auto file = ModelFile::Parse(bytes, "damaged.gguf");
    const auto tensor = (*file)->GetTensor(name);
    std::ranges::copy(damage, const_cast<uint8_t*>((*tensor)->data.data()) + offset);
  }
  ThreadPool pool(1);
  return LoadedModel::Load(*ModelFile::Parse(bytes, "damaged.gguf"), {}, pool).status();
}

TEST(ModelWeightsTest, RefusesTheFourthCode) {
  EXPECT_TRUE(IsError(LoadDamaged("blk.1.attn_q.weight", 1000, {0x0c}), absl::StatusCode::kDataLoss,
                      "tensor blk.1.attn_q.weight holds a scale that is not finite, or a code that"));
}

TEST(ModelWeightsTest, RefusesAnEmbeddingThatIsNotFinite) {
  EXPECT_TRUE(IsError(LoadDamaged("token_embd.weight", 2 * 4321, {0x00, 0x7c}), absl::StatusCode::kDataLoss,
                      "tensor token_embd.weight holds a value that is not finite"));
}

TEST(ModelWeightsTest, RefusesANormThatIsNotFinite) {
  EXPECT_TRUE(IsError(LoadDamaged("output_norm.weight", 8, {0, 0, 0xc0, 0x7f}), absl::StatusCode::kDataLoss,
                      "tensor output_norm.weight holds a value that is not finite"));
}

TEST(ModelWeightsTest, RefusesHeadsTheKernelsCannotDo) {
  const std::vector<uint8_t> bytes = RandomModel({.num_heads = 1, .num_kv_heads = 1, .head_dim = 384});
  ThreadPool pool(1);
  EXPECT_TRUE(IsError(LoadedModel::Load(*ModelFile::Parse(bytes, "wide.gguf"), {}, pool).status(),
                      absl::StatusCode::kUnimplemented, "heads of 384 dimensions"));
}

// A claim in the header alone must not make us take memory.
TEST(ModelWeightsTest, ChecksEveryTensorBeforeTakingMemory) {
  RandomModelShape huge = {.num_layers = 1000};
  const std::vector<uint8_t> bytes = RandomModel(huge, RandomModelTensors(RandomModelShape()));
  ThreadPool pool(1);
  EXPECT_TRUE(IsError(LoadedModel::Load(*ModelFile::Parse(bytes, "huge.gguf"), {}, pool).status(),
                      absl::StatusCode::kDataLoss, "tensor blk.2.attn_norm.weight is missing"));
}

// One unit vector after the other picks out the packed weights column by column.
TEST(ModelWeightsTest, PacksTheFilesWeightsIncludingAPartialLastTile) {
  // 40 rows of keys: two tiles and a half.
  const RandomModelShape shape = {.num_layers = 1, .num_heads = 16, .num_kv_heads = 1, .head_dim = 40};
  const std::vector<uint8_t> bytes = RandomModel(shape);
  for (int threads : {1, 3}) {
    ThreadPool pool(threads);
    auto model = LoadedModel::Load(*ModelFile::Parse(bytes, "random"), {}, pool);
    ASSERT_TRUE(model.ok()) << model.status();
    const Matrix& key = model->weights.layers[0].key.matrix;
    ASSERT_EQ(key.layout, MatrixLayout::kTernary2Bit);
    ASSERT_EQ(key.rows, 40u);
    ASSERT_EQ(key.padded_rows(), 48u);
    const std::span<const uint8_t> data = (*model->file->GetTensor("blk.0.attn_k.weight"))->data;
    std::vector<int8_t> x(key.k);
    std::vector<float> y(key.padded_rows());
    for (size_t column = 0; column < key.k; ++column) {
      std::ranges::fill(x, 0);
      x[column] = 1;
      const int32_t sum = 1;
      const float factor = 1;
      TernaryGemmPortable(
          {key.tiles(), key.k, 1, key.codes, x.data(), key.k, &sum, &factor, y.data(), y.size()});
      for (size_t row = 0; row < key.padded_rows(); ++row) {
        const size_t j = row * key.k + column;
        const float expected =
            row < key.rows
                ? static_cast<float>((data[j / 128 * 32 + j % 32] >> (6 - 2 * (j % 128 / 32)) & 3)) - 1
                : 0;
        ASSERT_EQ(y[row], expected) << "row " << row << ", column " << column;
      }
    }
  }
}

}  // namespace
}  // namespace bitnet
