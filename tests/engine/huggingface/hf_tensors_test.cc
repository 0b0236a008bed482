#include "engine/huggingface/hf_tensors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "tests/engine/huggingface/hf_directory.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

const std::vector<uint8_t> kZeros(1 << 16);

SafetensorsTensor Tensor(std::string name, SafetensorsType type, std::vector<uint64_t> shape) {
  uint64_t bytes = type == SafetensorsType::kU8 ? 1 : type == SafetensorsType::kF32 ? 4 : 2;
  for (const uint64_t dim : shape) {
    bytes *= dim;
  }
  return {std::move(name), type, std::move(shape), std::span(kZeros).first(bytes)};
}

const std::vector<uint8_t> kQuarter = {0x80, 0x3e};  // 0.25 as bfloat16.

SafetensorsTensor Scale(std::string name) { return {std::move(name), SafetensorsType::kBF16, {1}, kQuarter}; }

HfConfig Config(const nlohmann::json& json) {
  const std::string text = json.dump();
  auto config = ReadHfConfig(std::vector<uint8_t>(text.begin(), text.end()), "config.json");
  EXPECT_TRUE(config.ok()) << config.status();
  return *config;
}

HfConfig Packed(const std::string& linear_class) {
  nlohmann::json json = SmallConfig("LlamaForCausalLM", "silu");
  json["quantization_config"] = BitnetQuantization(linear_class, "offline");
  return Config(json);
}

constexpr auto kBF16 = SafetensorsType::kBF16;
constexpr auto kU8 = SafetensorsType::kU8;
const std::string kUp = "model.layers.0.mlp.up_proj";

TEST(HfTensorsTest, GivesTensorsTheNamesAndOrderOfGguf) {
  const std::vector<std::string> projections = {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj",
                                                "self_attn.o_proj", "mlp.gate_proj",    "mlp.up_proj",
                                                "mlp.down_proj"};
  std::vector<SafetensorsTensor> tensors = {Tensor("lm_head.weight", kBF16, {8, 128}),
                                            Tensor("model.norm.weight", kBF16, {128}),
                                            Tensor("model.embed_tokens.weight", kBF16, {8, 128})};
  for (const char* layer : {"model.layers.1.", "model.layers.0."}) {
    for (const std::string& name : projections) {
      tensors.push_back(Tensor(layer + name + ".weight", kBF16, {32, 128}));
      tensors.push_back(Tensor(layer + name + ".rms_norm.weight", kBF16, {128}));
    }
    for (const char* name : {"mlp.ffn_sub_norm", "post_attention_layernorm", "self_attn.k_norm",
                             "self_attn.q_norm", "self_attn.attn_sub_norm", "input_layernorm"}) {
      tensors.push_back(Tensor(layer + std::string(name) + ".weight", kBF16, {128}));
    }
    tensors.push_back(Tensor(layer + std::string("self_attn.rotary_emb.inv_freq"), kBF16, {16}));
  }
  nlohmann::json json = SmallConfig("Qwen3ForCausalLM", "silu");
  json["tie_word_embeddings"] = false;
  const auto result = GgufTensorsOf(Config(json), tensors);
  ASSERT_TRUE(result.ok()) << result.status();
  std::vector<std::string> names;
  for (const ModelTensor& tensor : *result) {
    names.push_back(tensor.name);
  }
  const std::vector<std::string> kinds = {
      "attn_norm",        "attn_sub_norm",  "attn_q_norm",      "attn_k_norm",    "ffn_norm",
      "ffn_sub_norm",     "attn_q_norm_in", "attn_k_norm_in",   "attn_v_norm_in", "attn_output_norm_in",
      "ffn_gate_norm_in", "ffn_up_norm_in", "ffn_down_norm_in", "attn_q",         "attn_k",
      "attn_v",           "attn_output",    "ffn_gate",         "ffn_up",         "ffn_down"};
  std::vector<std::string> expected = {"token_embd.weight"};
  for (const char* layer : {"blk.0.", "blk.1."}) {
    for (const std::string& kind : kinds) {
      expected.push_back(layer + kind + ".weight");
    }
  }
  expected.insert(expected.end(), {"output_norm.weight", "output.weight"});
  EXPECT_EQ(names, expected);
}

TEST(HfTensorsTest, KnowsTheReproductionsNamesOfSubNorms) {
  const auto tensors = GgufTensorsOf(Config(SmallConfig("BitnetForCausalLM", "silu")),
                                     {Tensor("model.layers.1.self_attn.inner_attn_ln.weight", kBF16, {128}),
                                      Tensor("model.layers.1.mlp.ffn_layernorm.weight", kBF16, {256})});
  ASSERT_TRUE(tensors.ok()) << tensors.status();
  EXPECT_EQ((*tensors)[0].name, "blk.1.attn_sub_norm.weight");
  EXPECT_EQ((*tensors)[1].name, "blk.1.ffn_sub_norm.weight");
}

TEST(HfTensorsTest, TurnsBothMeaningsOfTheScaleIntoOne) {
  for (const auto& [linear_class, scale] :
       {std::pair<std::string, float>{"bitlinear", 4.0f}, {"autobitlinear", 0.25f}}) {
    const auto tensors = GgufTensorsOf(
        Packed(linear_class), {Scale(kUp + ".weight_scale"), Tensor(kUp + ".weight", kU8, {64, 128})});
    ASSERT_TRUE(tensors.ok()) << tensors.status();
    ASSERT_EQ(tensors->size(), 1u);
    EXPECT_EQ(tensors->front().type, GgmlType::kHfTernary);
    EXPECT_EQ(tensors->front().dims, (std::vector<uint64_t>{128, 256}));
    EXPECT_EQ(tensors->front().scale, scale) << linear_class;
    EXPECT_FALSE(tensors->front().quantize_absmean);
  }
}

TEST(HfTensorsTest, QuantisesMasterWeightsOfConvertedLayersAlone) {
  nlohmann::json json = SmallConfig("BitNetForCausalLM", "relu2");
  json["tie_word_embeddings"] = false;
  for (const bool said : {false, true}) {
    if (said) {
      json["quantization_config"] = BitnetQuantization("autobitlinear", "online");
      json["quantization_config"]["modules_to_not_convert"] = {"lm_head", "layers.1.mlp"};
    }
    const auto tensors = GgufTensorsOf(
        Config(json),
        {Tensor("model.embed_tokens.weight", kBF16, {8, 128}), Tensor(kUp + ".weight", kBF16, {256, 128}),
         Tensor("model.layers.1.mlp.up_proj.weight", SafetensorsType::kF32, {256, 128}),
         Tensor("lm_head.weight", kBF16, {8, 128})});
    ASSERT_TRUE(tensors.ok()) << tensors.status();
    ASSERT_EQ(tensors->size(), 4u);
    EXPECT_FALSE((*tensors)[0].quantize_absmean);
    EXPECT_TRUE((*tensors)[1].quantize_absmean);
    EXPECT_EQ((*tensors)[1].type, GgmlType::kBF16);
    EXPECT_EQ((*tensors)[2].quantize_absmean, !said);
    EXPECT_EQ((*tensors)[2].type, GgmlType::kF32);
    EXPECT_FALSE((*tensors)[3].quantize_absmean);
  }
}

TEST(HfTensorsTest, MarksTheRowOrderOfLlamasHeads) {
  const std::vector<SafetensorsTensor> in = {
      Tensor("model.layers.0.self_attn.q_proj.weight", kBF16, {128, 128}),
      Tensor("model.layers.0.self_attn.k_proj.weight", kBF16, {64, 128}),
      Tensor("model.layers.0.self_attn.v_proj.weight", kBF16, {64, 128})};
  const auto llama = GgufTensorsOf(Config(SmallConfig("LlamaForCausalLM", "silu")), in);
  ASSERT_TRUE(llama.ok()) << llama.status();
  EXPECT_EQ((*llama)[0].rope_heads, 4u);
  EXPECT_EQ((*llama)[1].rope_heads, 2u);
  EXPECT_EQ((*llama)[2].rope_heads, 0u);
  const auto qwen = GgufTensorsOf(Config(SmallConfig("Qwen3ForCausalLM", "silu")), in);
  ASSERT_TRUE(qwen.ok()) << qwen.status();
  EXPECT_EQ((*qwen)[0].rope_heads, 0u);
}

TEST(HfTensorsTest, LeavesOutTheCopyOfATiedHead) {
  const auto tensors = GgufTensorsOf(
      Config(SmallConfig("Qwen3ForCausalLM", "silu")),
      {Tensor("model.embed_tokens.weight", kBF16, {8, 128}), Tensor("lm_head.weight", kBF16, {8, 128})});
  ASSERT_TRUE(tensors.ok()) << tensors.status();
  ASSERT_EQ(tensors->size(), 1u);
  EXPECT_EQ(tensors->front().name, "token_embd.weight");
}

TEST(HfTensorsTest, NamesTheTensorThatDoesNotFit) {
  struct Case {
    std::vector<SafetensorsTensor> tensors;
    const char* complaint;
    absl::StatusCode code = absl::StatusCode::kDataLoss;
  };
  const std::string scale = kUp + ".weight_scale";
  const std::vector<Case> cases = {
      {{Tensor(kUp + ".bias", kBF16, {4})}, "up_proj.bias", absl::StatusCode::kUnimplemented},
      {{Tensor("model.layers.0.mlp.experts.0.weight", kBF16, {4, 4})},
       "experts.0",
       absl::StatusCode::kUnimplemented},
      {{Tensor("model.layers.x.mlp.up_proj.weight", kBF16, {4, 4})},
       "layers.x",
       absl::StatusCode::kUnimplemented},
      {{Tensor("model.layers.2.mlp.up_proj.weight", kBF16, {4, 4})}, "beyond the 2"},
      {{Tensor(kUp + ".weight", kU8, {64, 128})}, "no weight_scale"},
      {{Scale(scale)}, "but no packed weight"},
      {{Scale(scale), Tensor(kUp + ".weight", kBF16, {256, 128})}, "packed U8 was wanted"},
      {{Tensor(kUp + ".weight", kBF16, {256, 128})}, "packed U8 was wanted"},
      {{Tensor(scale, kBF16, {2}), Tensor(kUp + ".weight", kU8, {64, 128})}, "one floating-point number"},
      {{Tensor(scale, kBF16, {1}), Tensor(kUp + ".weight", kU8, {64, 128})}, "above 0"},
      {{Tensor(scale, kU8, {1}), Tensor(kUp + ".weight", kU8, {64, 128})}, "one floating-point number"},
      {{Scale(scale), Tensor(kUp + ".weight", kU8, {64})}, "a matrix was wanted"},
      {{Tensor("model.norm.weight", kBF16, {128, 1})}, "a vector was wanted"},
      {{Tensor("model.norm.weight", kU8, {128})}, "only linear layers are packed"},
      {{Tensor("model.embed_tokens.weight", kU8, {2, 128})}, "only linear layers are packed"},
      {{Scale("model.layers.0.self_attn.q_proj.weight_scale"),
        Tensor("model.layers.0.self_attn.q_proj.weight", kU8, {16, 128})},
       "4 heads of 32"},
      {{Tensor("model.layers.0.self_attn.inner_attn_ln.weight", kBF16, {128}),
        Tensor("model.layers.0.self_attn.attn_sub_norm.weight", kBF16, {128})},
       "second spelling"},
  };
  for (const Case& c : cases) {
    EXPECT_TRUE(IsError(GgufTensorsOf(Packed("bitlinear"), c.tensors).status(), c.code, c.complaint));
  }
  const HfConfig plain = Config(SmallConfig("LlamaForCausalLM", "silu"));
  EXPECT_TRUE(IsError(GgufTensorsOf(plain, {Scale(scale), Tensor(kUp + ".weight", kU8, {64, 128})}).status(),
                      absl::StatusCode::kDataLoss, "no quantization_config"));
  nlohmann::json json = SmallConfig("LlamaForCausalLM", "silu");
  json["tie_word_embeddings"] = false;
  EXPECT_TRUE(IsError(GgufTensorsOf(Config(json), {}).status(), absl::StatusCode::kDataLoss, "lm_head"));
}

// By the wave lengths of the published definition, where ours counts turns.
TEST(HfTensorsTest, SlowsDownRotaryFrequenciesAsLlama3Does) {
  nlohmann::json json = SmallConfig("LlamaForCausalLM", "silu");
  json["rope_theta"] = 500000;
  json["rope_scaling"] = {{"rope_type", "llama3"},
                          {"factor", 8},
                          {"low_freq_factor", 1},
                          {"high_freq_factor", 4},
                          {"original_max_position_embeddings", 8192}};
  const std::vector<float> factors = RopeFrequencyFactors(Config(json));
  ASSERT_EQ(factors.size(), 16u);
  size_t kept = 0, slowed = 0;
  for (size_t i = 0; i < factors.size(); ++i) {
    const double wave_length = 2 * M_PI * std::pow(500000.0, static_cast<double>(2 * i) / 32);
    double expected = 8;
    if (wave_length < 8192.0 / 4) {
      expected = 1;
      ++kept;
    } else if (wave_length <= 8192.0 / 1) {
      const double smooth = (8192 / wave_length - 1) / (4 - 1);
      expected = 1 / ((1 - smooth) / 8 + smooth);
    } else {
      ++slowed;
    }
    EXPECT_NEAR(factors[i], expected, 1e-6 * expected) << i;
  }
  EXPECT_GT(kept, 0u);
  EXPECT_GT(slowed, 0u);
  EXPECT_LT(kept + slowed, factors.size());
}

}  // namespace
}  // namespace bitnet
