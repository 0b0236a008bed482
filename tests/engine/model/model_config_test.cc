#include "engine/model/model_config.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/engine/gguf_writer.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

const std::string kPrefix = "bitnet-b1.58.";

// The keys of a small model, changed by tests before they are written.
struct ConfigKeys {
  std::map<std::string, uint32_t> sizes = {{"block_count", 2},           {"context_length", 64},
                                           {"embedding_length", 256},    {"feed_forward_length", 640},
                                           {"attention.head_count", 4},  {"attention.head_count_kv", 2},
                                           {"rope.dimension_count", 64}, {"vocab_size", 5}};
  std::map<std::string, float> floats = {{"attention.layer_norm_rms_epsilon", 1e-5f},
                                         {"rope.freq_base", 500000.0f}};
  std::vector<uint64_t> embedding_dims = {256, 5};
  std::string architecture = "bitnet-b1.58";
  std::function<void(GgufWriter&)> more = [](GgufWriter&) {};

  absl::StatusOr<ModelConfig> Read() const {
    GgufWriter writer;
    writer.String("general.architecture", architecture).String("general.name", "small");
    for (const auto& [key, value] : sizes) {
      writer.Uint32(kPrefix + key, value);
    }
    for (const auto& [key, value] : floats) {
      writer.Float32(kPrefix + key, value);
    }
    more(writer);
    uint64_t elements = 1;
    for (const uint64_t dim : embedding_dims) {
      elements *= dim;
    }
    writer.Tensor("token_embd.weight", GgmlType::kF16, embedding_dims, std::vector<uint8_t>(elements * 2));
    const std::vector<uint8_t> bytes = writer.Finish();
    return ReadModelConfig(**ModelFile::Parse(bytes, "m.gguf"));
  }

  void ExpectDataLoss(const std::string& message) const {
    EXPECT_TRUE(IsError(Read().status(), absl::StatusCode::kDataLoss, message));
  }
};

TEST(ModelConfigTest, ReadsTheDimensions) {
  const absl::StatusOr<ModelConfig> config = ConfigKeys().Read();
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->architecture, "bitnet-b1.58");
  EXPECT_EQ(config->name, "small");
  EXPECT_EQ(config->hidden_dim, 256u);
  EXPECT_EQ(config->ffn_dim, 640u);
  EXPECT_EQ(config->num_layers, 2u);
  EXPECT_EQ(config->num_heads, 4u);
  EXPECT_EQ(config->num_kv_heads, 2u);
  EXPECT_EQ(config->head_dim, 64u);
  EXPECT_EQ(config->vocab_size, 5u);
  EXPECT_EQ(config->max_seq_len, 64u);
  EXPECT_EQ(config->rms_norm_eps, 1e-5f);
  EXPECT_EQ(config->rope_theta, 500000.0);
  EXPECT_EQ(config->query_dim(), 256u);
  EXPECT_EQ(config->kv_dim(), 128u);
}

TEST(ModelConfigTest, DerivesWhatIsLeftOut) {
  ConfigKeys keys;
  keys.sizes.erase("attention.head_count_kv");
  keys.sizes.erase("rope.dimension_count");
  keys.sizes.erase("vocab_size");
  const absl::StatusOr<ModelConfig> config = keys.Read();
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->num_kv_heads, 4u);
  EXPECT_EQ(config->head_dim, 64u);
  EXPECT_EQ(config->vocab_size, 5u);
}

TEST(ModelConfigTest, NamesOtherArchitectures) {
  ConfigKeys keys;
  keys.architecture = "mamba";
  EXPECT_TRUE(
      IsError(keys.Read().status(), absl::StatusCode::kUnimplemented,
              "m.gguf: the model's architecture is 'mamba'; known are bitnet-b1.58, bitnet-25, bitnet"));
}

TEST(ModelConfigTest, NamesMissingKeys) {
  for (const char* key : {"block_count", "context_length", "embedding_length", "feed_forward_length",
                          "attention.head_count", "attention.layer_norm_rms_epsilon"}) {
    ConfigKeys keys;
    keys.sizes.erase(key);
    keys.floats.erase(key);
    EXPECT_TRUE(
        IsError(keys.Read().status(), absl::StatusCode::kNotFound, "has no key '" + kPrefix + key + "'"));
  }
}

TEST(ModelConfigTest, RefusesSizesOutOfRange) {
  const auto expect = [](const std::string& key, uint32_t value, const std::string& wanted) {
    ConfigKeys keys;
    keys.sizes[key] = value;
    keys.ExpectDataLoss("m.gguf: key '" + kPrefix + key + "' is " + std::to_string(value) + "; " + wanted);
  };
  expect("block_count", 0, "1 to 1024 was wanted");
  expect("block_count", 1025, "1 to 1024 was wanted");
  expect("context_length", (1 << 20) + 1, "1 to 1048576 was wanted");
  expect("embedding_length", 1 << 21, "1 to 1048576 was wanted");
  expect("attention.head_count", 0, "1 to 4096 was wanted");
  expect("rope.dimension_count", 63, "a multiple of 2 was wanted");
  expect("vocab_size", 6, "the 5 rows of 'token_embd.weight' was wanted");
}

TEST(ModelConfigTest, RefusesHeadsThatDoNotDivide) {
  ConfigKeys keys;
  keys.sizes["attention.head_count_kv"] = 3;
  keys.ExpectDataLoss("'bitnet-b1.58.attention.head_count' is 4; a multiple of 3 was wanted");
  keys = {};
  keys.sizes["attention.head_count"] = 6;
  keys.sizes["attention.head_count_kv"] = 6;
  keys.sizes.erase("rope.dimension_count");
  keys.ExpectDataLoss("'bitnet-b1.58.embedding_length' is 256; a multiple of 12 was wanted");
  keys = {};
  keys.sizes["attention.head_count"] = 4096;
  keys.sizes["rope.dimension_count"] = 512;
  keys.ExpectDataLoss("4096 heads of 512; a product of at most 1048576 was wanted");
}

TEST(ModelConfigTest, RefusesConstantsOutOfRange) {
  for (const float eps : {0.0f, -1e-5f, 0.02f, std::numeric_limits<float>::quiet_NaN()}) {
    ConfigKeys keys;
    keys.floats["attention.layer_norm_rms_epsilon"] = eps;
    keys.ExpectDataLoss("above 0 and at most 0.01 was wanted");
  }
  for (const float theta : {0.0f, -1.0f, std::numeric_limits<float>::infinity()}) {
    ConfigKeys keys;
    keys.floats["rope.freq_base"] = theta;
    keys.ExpectDataLoss("a finite number above 0 was wanted");
  }
}

TEST(ModelConfigTest, ReadsScaledPositions) {
  ConfigKeys keys;
  keys.more = [](GgufWriter& writer) {
    writer.String(kPrefix + "rope.scaling.type", "yarn")
        .Float32(kPrefix + "rope.scaling.factor", 4)
        .Uint32(kPrefix + "rope.scaling.original_context_length", 16);
  };
  const absl::StatusOr<ModelConfig> config = keys.Read();
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->rope_scaling.kind, RopeScaling::Kind::kYarn);
  EXPECT_EQ(config->rope_scaling.factor, 4);
  EXPECT_EQ(config->rope_scaling.original_context, 16);
  keys.more = [](GgufWriter& writer) { writer.String(kPrefix + "rope.scaling.type", "none"); };
  EXPECT_EQ(keys.Read()->rope_scaling.kind, RopeScaling::Kind::kNone);
}

TEST(ModelConfigTest, NamesUnknownScalings) {
  ConfigKeys keys;
  keys.more = [](GgufWriter& writer) { writer.String(kPrefix + "rope.scaling.type", "longrope"); };
  EXPECT_TRUE(IsError(keys.Read().status(), absl::StatusCode::kUnimplemented, "is 'longrope'"));
}

TEST(ModelConfigTest, ReadsWhatActivationsTheModelWasTrainedWith) {
  ConfigKeys keys;
  EXPECT_EQ(keys.Read()->activations, ActivationPolicy::kInt8Token);
  keys.more = [](GgufWriter& writer) { writer.String("bitnet.activations", "ternary"); };
  EXPECT_EQ(keys.Read()->activations, ActivationPolicy::kTernary);
  keys.more = [](GgufWriter& writer) { writer.String("bitnet.activations", "int3"); };
  keys.ExpectDataLoss("key 'bitnet.activations' is 'int3'; int8_token, int8_group, binary, ternary or bf16");
}

TEST(ModelConfigTest, ReadsHowEmbeddingsArePooled) {
  ConfigKeys keys;
  EXPECT_EQ(keys.Read()->pooling, Pooling::kLast);
  for (const uint32_t type : {0, 1, 2, 3, 4}) {
    keys.sizes["pooling_type"] = type;
    EXPECT_EQ(keys.Read()->pooling, type == 1 ? Pooling::kMean : Pooling::kLast) << type;
  }
}

TEST(ModelConfigTest, RefusesVocabulariesThatDisagree) {
  ConfigKeys keys;
  keys.embedding_dims = {128, 5};
  keys.ExpectDataLoss("tensor 'token_embd.weight' has 2 dimensions, the first of 128; 2 were wanted, 256 by");
  keys.embedding_dims = {256};
  keys.ExpectDataLoss("tensor 'token_embd.weight' has 1 dimensions");
  keys = {};
  keys.more = [](GgufWriter& writer) { writer.Strings("tokenizer.ggml.tokens", {"a"}); };
  keys.ExpectDataLoss(
      "key 'tokenizer.ggml.tokens' has 1 tokens; the 5 rows of 'token_embd.weight' were wanted");
}

}  // namespace
}  // namespace bitnet
