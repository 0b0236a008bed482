#include "engine/huggingface/hf_config.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/engine/huggingface/hf_directory.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

absl::StatusOr<HfConfig> Read(const nlohmann::json& json) {
  const std::string text = json.dump();
  return ReadHfConfig(std::vector<uint8_t>(text.begin(), text.end()), "config.json");
}

// The keys of a configuration that is right.
ModelKeys Keys(const nlohmann::json& json) {
  const auto config = Read(json);
  EXPECT_TRUE(config.ok()) << config.status();
  return config.ok() ? GgufKeysOf(*config, "small") : ModelKeys();
}

TEST(HfConfigTest, KnowsTheArchitecturesByClassAndActivation) {
  const auto architecture = [](const char* name, const char* activation) {
    const auto config = Read(SmallConfig(name, activation));
    return config.ok() ? config->architecture : std::string(config.status().message());
  };
  EXPECT_EQ(architecture("BitNetForCausalLM", "relu2"), "bitnet-b1.58");
  EXPECT_EQ(architecture("BitNetForCausalLM", "silu"), "bitnet");
  EXPECT_EQ(architecture("BitnetForCausalLM", "silu"), "bitnet");
  EXPECT_EQ(architecture("LlamaForCausalLM", "silu"), "llama");
  EXPECT_EQ(architecture("Qwen3ForCausalLM", "silu"), "qwen3");
}

TEST(HfConfigTest, WritesTheKeysOfAGgufFile) {
  const ModelKeys keys = Keys(SmallConfig("BitNetForCausalLM", "relu2"));
  const std::string a = "bitnet-b1.58.";
  EXPECT_EQ(keys.at("general.architecture"), ModelValue(std::string("bitnet-b1.58")));
  EXPECT_EQ(keys.at("general.name"), ModelValue(std::string("small")));
  EXPECT_EQ(keys.at(a + "vocab_size"), ModelValue(uint64_t{8}));
  EXPECT_EQ(keys.at(a + "context_length"), ModelValue(uint64_t{64}));
  EXPECT_EQ(keys.at(a + "embedding_length"), ModelValue(uint64_t{128}));
  EXPECT_EQ(keys.at(a + "block_count"), ModelValue(uint64_t{2}));
  EXPECT_EQ(keys.at(a + "feed_forward_length"), ModelValue(uint64_t{256}));
  EXPECT_EQ(keys.at(a + "attention.head_count"), ModelValue(uint64_t{4}));
  EXPECT_EQ(keys.at(a + "attention.head_count_kv"), ModelValue(uint64_t{2}));
  EXPECT_EQ(keys.at(a + "rope.dimension_count"), ModelValue(uint64_t{32}));
  EXPECT_EQ(keys.at(a + "attention.layer_norm_rms_epsilon"), ModelValue(1e-5));
  EXPECT_EQ(keys.at(a + "rope.freq_base"), ModelValue(10000.0));
  EXPECT_EQ(keys.at("bitnet.activations"), ModelValue(std::string("int8_token")));
  EXPECT_FALSE(keys.contains(a + "attention.key_length"));
  EXPECT_FALSE(keys.contains(a + "rope.scaling.type"));
}

TEST(HfConfigTest, LeavesActivationsOfWeightOnlyModelsUnsaid) {
  EXPECT_FALSE(Keys(SmallConfig("LlamaForCausalLM", "silu")).contains("bitnet.activations"));
  nlohmann::json json = SmallConfig("LlamaForCausalLM", "silu");
  json["quantization_config"] = BitnetQuantization("bitlinear", "offline");
  EXPECT_TRUE(Keys(json).contains("bitnet.activations"));
}

TEST(HfConfigTest, WritesAHeadSizeThatIsNotTheQuotient) {
  nlohmann::json json = SmallConfig("Qwen3ForCausalLM", "silu");
  json["head_dim"] = 48;
  const ModelKeys keys = Keys(json);
  EXPECT_EQ(keys.at("qwen3.attention.key_length"), ModelValue(uint64_t{48}));
  EXPECT_EQ(keys.at("qwen3.attention.value_length"), ModelValue(uint64_t{48}));
  EXPECT_EQ(keys.at("qwen3.rope.dimension_count"), ModelValue(uint64_t{48}));
}

TEST(HfConfigTest, ReadsPositionsInTheOldAndTheNewSpelling) {
  const nlohmann::json yarn = {{"rope_type", "yarn"},
                               {"factor", 4},
                               {"original_max_position_embeddings", 16},
                               {"beta_fast", 32},
                               {"attention_factor", 1.25}};
  nlohmann::json with_old_name = yarn;
  with_old_name.erase("rope_type");
  with_old_name["type"] = "yarn";
  for (const nlohmann::json& scaling : {yarn, with_old_name}) {
    nlohmann::json json = SmallConfig("Qwen3ForCausalLM", "silu");
    json["rope_scaling"] = scaling;
    const ModelKeys keys = Keys(json);
    EXPECT_EQ(keys.at("qwen3.rope.scaling.type"), ModelValue(std::string("yarn")));
    EXPECT_EQ(keys.at("qwen3.rope.scaling.factor"), ModelValue(4.0));
    EXPECT_EQ(keys.at("qwen3.rope.scaling.original_context_length"), ModelValue(uint64_t{16}));
    EXPECT_EQ(keys.at("qwen3.rope.scaling.yarn_beta_fast"), ModelValue(32.0));
    EXPECT_EQ(keys.at("qwen3.rope.scaling.attn_factor"), ModelValue(1.25));
    EXPECT_FALSE(keys.contains("qwen3.rope.scaling.yarn_beta_slow"));
  }
  nlohmann::json json = SmallConfig("Qwen3ForCausalLM", "silu");
  json.erase("rope_theta");
  json["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 5e6}};
  const ModelKeys keys = Keys(json);
  EXPECT_EQ(keys.at("qwen3.rope.freq_base"), ModelValue(5e6));
  EXPECT_FALSE(keys.contains("qwen3.rope.scaling.type"));
}

TEST(HfConfigTest, WritesWhatBelongsToTheInputOfLayers) {
  nlohmann::json json = SmallConfig("LlamaForCausalLM", "silu");
  json["quantization_config"] = BitnetQuantization("autobitlinear", "offline");
  json["quantization_config"]["use_rms_norm"] = true;
  json["quantization_config"]["rms_norm_eps"] = 1e-4;
  json["quantization_config"]["hadamard"] = {{"o_proj", 32}, {"down_proj", 256}};
  const ModelKeys keys = Keys(json);
  EXPECT_EQ(keys.at("bitnet.input_norm_rms_epsilon"), ModelValue(1e-4));
  EXPECT_EQ(keys.at("bitnet.hadamard.attn_output"), ModelValue(uint64_t{32}));
  EXPECT_EQ(keys.at("bitnet.hadamard.ffn_down"), ModelValue(uint64_t{256}));
}

TEST(HfConfigTest, TakesTheHeadForUnconvertedUnlessAListSaysOtherwise) {
  nlohmann::json json = SmallConfig("LlamaForCausalLM", "silu");
  json["quantization_config"] = BitnetQuantization("bitlinear", "offline");
  EXPECT_FALSE(Read(json)->quantization->Converts("lm_head"));
  EXPECT_TRUE(Read(json)->quantization->Converts("model.layers.1.mlp.up_proj"));
  json["quantization_config"]["modules_to_not_convert"] = {"layers.1."};
  EXPECT_TRUE(Read(json)->quantization->Converts("lm_head"));
  EXPECT_TRUE(Read(json)->quantization->Converts("model.layers.0.mlp.up_proj"));
  EXPECT_FALSE(Read(json)->quantization->Converts("model.layers.1.mlp.up_proj"));
}

TEST(HfConfigTest, NamesTheKeyThatIsWrong) {
  struct Change {
    const char* key;
    nlohmann::json value;
    absl::StatusCode code;
  };
  const auto kLoss = absl::StatusCode::kDataLoss;
  const auto kUnknown = absl::StatusCode::kUnimplemented;
  const std::vector<Change> changes = {
      {"architectures", nullptr, kLoss},
      {"architectures", {"GPT2LMHeadModel"}, kUnknown},
      {"hidden_act", "gelu", kUnknown},
      {"hidden_size", 0, kLoss},
      {"hidden_size", nullptr, kLoss},
      {"hidden_size", "128", kLoss},
      {"hidden_size", -128, kLoss},
      {"intermediate_size", 1e30, kLoss},
      {"num_hidden_layers", uint64_t{1} << 40, kLoss},
      {"num_attention_heads", 3, kLoss},
      {"head_dim", 1 << 20, kLoss},
      {"rms_norm_eps", "small", kLoss},
      {"rope_theta", 0, kLoss},
      {"tie_word_embeddings", 1, kLoss},
      {"attention_bias", true, kUnknown},
      {"mlp_bias", true, kUnknown},
      {"use_sliding_window", true, kUnknown},
      {"rope_scaling", {{"rope_type", "longrope"}, {"factor", 2}}, kUnknown},
      {"rope_scaling", {{"rope_type", "linear"}}, kLoss},
      {"rope_scaling", {{"rope_type", "llama3"}, {"factor", 8}}, kLoss},
      {"quantization_config", {{"quant_method", "gptq"}}, kUnknown},
      {"quantization_config", BitnetQuantization("linear", "offline"), kUnknown},
      {"quantization_config", BitnetQuantization("bitlinear", "sometimes"), kUnknown},
      {"quantization_config", "bitnet", kLoss},
  };
  for (const Change& change : changes) {
    nlohmann::json json = SmallConfig("LlamaForCausalLM", "silu");
    json[change.key] = change.value;
    const absl::Status status = Read(json).status();
    EXPECT_TRUE(IsError(status, change.code, "config.json")) << change.key;
    if (!change.value.is_object()) {
      EXPECT_TRUE(IsError(status, change.code, change.key)) << change.key;
    }
  }
}

TEST(HfConfigTest, RefusesWhatIsNoConfiguration) {
  for (const std::string text : {"", "[]", "{", "{\"hidden_size\": 1, \"hidden_size\": 2}"}) {
    const auto config = ReadHfConfig(std::vector<uint8_t>(text.begin(), text.end()), "config.json");
    EXPECT_TRUE(IsError(config.status(), absl::StatusCode::kDataLoss, "config.json")) << text;
  }
}

}  // namespace
}  // namespace bitnet
