#include "engine/transformer/sparse_feed_forward.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include "engine/loaded_model.h"
#include "engine/transformer/linear_layer.h"
#include "tests/engine/random_model.h"

namespace bitnet {
namespace {

constexpr float kUntouched = -12345;

// The feed-forward matrices of a random model's first layer, and their products both ways.
class SparseFeedForwardTest : public testing::Test {
 protected:
  void Load(const RandomModelShape& shape, int threads) {
    pool_ = std::make_unique<ThreadPool>(threads);
    bytes_ = RandomModel(shape);
    auto model = LoadedModel::Load(*ModelFile::Parse(bytes_, "random"), {.sparsity = true}, *pool_);
    ASSERT_TRUE(model.ok()) << model.status();
    model_ = std::make_unique<LoadedModel>(*std::move(model));
    const ModelConfig& config = model_->config;
    linear_ = std::make_unique<LinearLayer>(kernels_, kTokens, std::max(config.hidden_dim, config.ffn_dim),
                                            1e-5f, pool_.get());
    sparse_ = std::make_unique<SparseFeedForward>(kernels_, model_->weights.sparse, config.hidden_dim,
                                                  config.ffn_dim, pool_.get());
  }

  const LayerWeights& layer() const { return model_->weights.layers[0]; }
  size_t hidden_dim() const { return model_->config.hidden_dim; }
  size_t ffn_dim() const { return model_->config.ffn_dim; }
  size_t PaddedRows(const Linear& linear) const { return linear.matrix.padded_rows(); }

  // Random floats, 0 but for a share of them, which are as often below 0 as above.
  std::vector<float> SomeFloats(size_t tokens, size_t stride, double share) {
    std::vector<float> values(tokens * stride);
    std::bernoulli_distribution kept(share);
    std::normal_distribution<float> real;
    for (float& value : values) value = kept(rng_) ? real(rng_) : 0;
    return values;
  }

  void Prepare(const Linear& linear, const std::vector<float>& x, size_t tokens) {
    linear_->Begin({&linear, nullptr});
    for (size_t b = 0; b < tokens; ++b) linear_->SetRow(x.data() + b * (x.size() / tokens), b);
  }

  std::vector<float> Dense(const Linear& linear, const std::vector<float>& x, size_t tokens) {
    std::vector<float> y(tokens * PaddedRows(linear));
    const Projection projection[] = {{&linear, y.data()}};
    linear_->Run(x.data(), x.size() / tokens, tokens, projection);
    return y;
  }

  // A share of the gates is not 0, half of these above it.
  void ExpectUp(double share, size_t tokens, bool sparse) {
    SCOPED_TRACE(testing::Message() << "up, share " << share << ", " << tokens << " tokens");
    const std::vector<float> x = SomeFloats(tokens, hidden_dim(), 1);
    const size_t stride = PaddedRows(layer().up);
    const std::vector<float> gate = SomeFloats(tokens, stride, share);
    Prepare(layer().up, x, tokens);
    std::vector<float> y(tokens * stride, kUntouched);
    ASSERT_EQ(sparse_->Up(0, gate.data(), linear_->input(), tokens, {&layer().up, y.data()}), sparse);
    const std::vector<float> dense = Dense(layer().up, x, tokens);
    for (size_t b = 0; b < tokens; ++b) {
      for (size_t row = 0; row < ffn_dim(); ++row) {
        const size_t at = b * stride + row;
        ASSERT_EQ(y[at], !sparse ? kUntouched : gate[at] > 0 ? dense[at] : 0) << "row " << row;
      }
    }
  }

  void ExpectDown(double share, size_t tokens, bool sparse) {
    SCOPED_TRACE(testing::Message() << "down, share " << share << ", " << tokens << " tokens");
    const std::vector<float> x = SomeFloats(tokens, ffn_dim(), share);
    Prepare(layer().down, x, tokens);
    std::vector<float> y(tokens * PaddedRows(layer().down), kUntouched);
    ASSERT_EQ(sparse_->Down(0, linear_->input(), tokens, {&layer().down, y.data()}), sparse);
    if (sparse) {
      ASSERT_EQ(y, Dense(layer().down, x, tokens));
    }
  }

  static constexpr size_t kTokens = SparseFeedForward::kMostTokens;
  std::mt19937 rng_{7};
  const KernelSet kernels_{DetectCpuFeatures()};
  std::unique_ptr<ThreadPool> pool_;
  std::vector<uint8_t> bytes_;
  std::unique_ptr<LoadedModel> model_;
  std::unique_ptr<LinearLayer> linear_;
  std::unique_ptr<SparseFeedForward> sparse_;
};

TEST_F(SparseFeedForwardTest, GivesTheBitsOfWholeProducts) {
  for (const int threads : {1, 3}) {
    Load({.num_layers = 1}, threads);
    for (const double share : {0.0, 0.01, 0.2}) {
      ExpectUp(share, 1, true);
      ExpectDown(share, 1, true);
    }
    ExpectUp(0.1, 4, true);
    ExpectDown(0.05, 4, true);
  }
}

TEST_F(SparseFeedForwardTest, LeavesWhatIsDenseToTheOthers) {
  Load({.num_layers = 1}, 2);
  ExpectUp(1, 1, false);
  ExpectDown(0.9, 1, false);
  ExpectUp(0.5, 4, false);
  ExpectDown(0.25, 4, false);
}

TEST_F(SparseFeedForwardTest, CountsWhatIsLeft) {
  Load({.num_layers = 1}, 1);
  ExpectUp(1, 2, false);
  ExpectDown(0.1, 2, true);
  ASSERT_EQ(sparse_->density().size(), 1u);
  const LayerDensity density = sparse_->density()[0];
  EXPECT_EQ(density.tokens, 2u);
  const double all = 2.0 * static_cast<double>(ffn_dim());
  EXPECT_NEAR(static_cast<double>(density.rows) / all, 0.5, 0.1);
  EXPECT_NEAR(static_cast<double>(density.columns) / all, 0.1, 0.05);
}

TEST_F(SparseFeedForwardTest, HasNothingOfOtherModels) {
  Load({.num_layers = 1}, 1);
  EXPECT_TRUE(sparse_->Has(0, 1));
  EXPECT_TRUE(sparse_->Has(0, kTokens));
  EXPECT_FALSE(sparse_->Has(0, kTokens + 1));
  Load({.num_layers = 1, .architecture = "llama"}, 1);  // SiLU.
  EXPECT_FALSE(sparse_->Has(0, 1));
}

}  // namespace
}  // namespace bitnet
