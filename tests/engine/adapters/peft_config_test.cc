#include "engine/adapters/peft_config.h"

#include <gtest/gtest.h>

#include "engine/adapters/module_pattern.h"
#include "tests/engine/adapters/adapter_files.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

const char* const kModule = "model.layers.11.self_attn.q_proj";

absl::StatusOr<PeftConfig> Read(const nlohmann::json& json) {
  return ReadPeftConfig(Bytes(json.dump()), "config.json");
}

void ExpectRefused(const char* key, const nlohmann::json& value, absl::StatusCode code,
                   const std::string& message) {
  nlohmann::json json = PeftJson();
  json[key] = value;
  EXPECT_TRUE(IsError(Read(json).status(), code, message)) << key << " = " << value;
  EXPECT_TRUE(IsError(Read(json).status(), code, "config.json")) << key << " = " << value;
}

TEST(PeftConfigTest, DividesAlphaByTheRank) {
  const auto config = Read(PeftJson(16, 24));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(*config->RankOf(kModule), 16u);
  EXPECT_EQ(*config->ScaleOf(kModule), 1.5);
  EXPECT_EQ(*Read(PeftJson(16, 0))->ScaleOf(kModule), 0) << "PEFT's 0 is none, unlike GGUF's";
}

TEST(PeftConfigTest, TakesTheFirstPatternThatMatches) {
  nlohmann::json json = PeftJson(8, 8);
  json["rank_pattern"] = {{"a", 1}, {"q_proj", 2}, {"self_attn.q_proj", 4}};
  json["alpha_pattern"] = {{"layers.1.self_attn.q_proj", 100}, {"layers.[0-9]+.self_attn.(q|k)_proj", 6}};
  const auto config = Read(json);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(*config->RankOf(kModule), 2u);
  EXPECT_EQ(*config->ScaleOf(kModule), 3);
  EXPECT_EQ(*config->ScaleOf("model.layers.1.self_attn.v_proj"), 1);
  EXPECT_EQ(*config->ScaleOf("model.layers.1.self_attn.q_proj"), 50);
}

TEST(PeftConfigTest, RefusesVariantsByName) {
  const auto unimplemented = absl::StatusCode::kUnimplemented;
  ExpectRefused("peft_type", "IA3", unimplemented, "'peft_type' is 'IA3'; only 'LORA' is read");
  ExpectRefused("use_dora", true, unimplemented, "'use_dora' is set: DoRA cannot be run");
  ExpectRefused("modules_to_save", {"lm_head"}, unimplemented, "'modules_to_save' is set: retrained modules");
  ExpectRefused("lora_bias", true, unimplemented, "'lora_bias' is set: biases");
  ExpectRefused("bias", "all", unimplemented, "'bias' is 'all'; only 'none' is read");
  ExpectRefused("alora_invocation_tokens", {1, 2}, unimplemented, "activated LoRA");
  ExpectRefused("layer_replication", {{0, 1}}, unimplemented, "replicated layers");
  ExpectRefused("trainable_token_indices", {{"embed_tokens", {1}}}, unimplemented, "retrained tokens");
  ExpectRefused("use_qalora", true, unimplemented, "QALoRA");
  ExpectRefused("init_lora_weights", "pissa_niter_4", unimplemented,
                "'init_lora_weights' is 'pissa_niter_4'");
}

TEST(PeftConfigTest, AcceptsVariantsThatAreUnset) {
  nlohmann::json json = PeftJson();
  json["modules_to_save"] = nlohmann::json::array();
  json["layer_replication"] = nullptr;
  json["lora_bias"] = false;
  json["init_lora_weights"] = "gaussian";
  json["lora_dropout"] = 0.1;
  json["fan_in_fan_out"] = true;
  EXPECT_TRUE(Read(json).ok()) << Read(json).status();
}

TEST(PeftConfigTest, RefusesNonsense) {
  const auto loss = absl::StatusCode::kDataLoss;
  ExpectRefused("r", 0, loss, "'r' is 0; a whole number of 1 or more was wanted");
  ExpectRefused("r", -8, loss, "'r' is -8");
  ExpectRefused("r", "8", loss, "'r' is \"8\"");
  ExpectRefused("r", nullptr, loss, "'r' is missing");
  ExpectRefused("lora_alpha", "big", loss, "'lora_alpha' is \"big\"");
  ExpectRefused("use_rslora", 1, loss, "'use_rslora' is 1; true or false was wanted");
  ExpectRefused("rank_pattern", {1}, loss, "'rank_pattern' is [1]; an object of numbers was wanted");
  ExpectRefused("rank_pattern", {{"q_proj", 0}}, loss, "'q_proj' is 0");
  ExpectRefused("alpha_pattern", {{"q_proj", "x"}}, loss, "'alpha_pattern': 'q_proj' is \"x\"");
  nlohmann::json patterns;
  for (int i = 0; i < 65; ++i) {
    patterns["x*" + std::to_string(i)] = 1;
  }
  ExpectRefused("rank_pattern", patterns, loss, "an object with at most 64 regular expressions was wanted");
  EXPECT_TRUE(IsError(ReadPeftConfig(Bytes("[]"), "config.json").status(), loss, "is not an object"));
}

TEST(ModulePatternTest, MatchesFromBehindDots) {
  EXPECT_TRUE(*MatchesModule("q_proj", kModule));
  EXPECT_TRUE(*MatchesModule("self_attn.q_proj", kModule));
  EXPECT_TRUE(*MatchesModule("model.layers.11.self_attn.q_proj", kModule));
  EXPECT_FALSE(*MatchesModule("proj", kModule));
  EXPECT_FALSE(*MatchesModule("_proj", kModule));
  EXPECT_FALSE(*MatchesModule("1.self_attn.q_proj", kModule)) << "part of a number";
  EXPECT_FALSE(*MatchesModule("self_attn", kModule)) << "not to the end";
  EXPECT_FALSE(*MatchesModule("base.model.layers.11.self_attn.q_proj", kModule));
  EXPECT_FALSE(*MatchesModule("", kModule));
}

TEST(ModulePatternTest, ReadsExpressions) {
  EXPECT_TRUE(*MatchesModule(".*", kModule));
  EXPECT_TRUE(*MatchesModule("^model\\.layers\\.11\\..*", kModule));
  EXPECT_TRUE(*MatchesModule("layers\\.(1[0-9])\\.self_attn\\.[qk]_proj", kModule));
  EXPECT_FALSE(*MatchesModule("layers\\.(2[0-9])\\.self_attn\\.[qk]_proj", kModule));
  EXPECT_FALSE(*MatchesModule("[qk]_pro", kModule)) << "not to the end";
  EXPECT_TRUE(*MatchesModule("x|q_proj", kModule));
}

TEST(ModulePatternTest, RefusesBadAndEndlessExpressions) {
  EXPECT_TRUE(IsError(MatchesModule("(q", kModule).status(), absl::StatusCode::kInvalidArgument,
                      "the pattern '(q': missing closing parenthesis"));
  EXPECT_TRUE(IsError(MatchesModule("((\\w+\\.?)+)+[!#]", kModule).status(),
                      absl::StatusCode::kInvalidArgument, "match limit exceeded"));
  EXPECT_TRUE(IsError(MatchesModule(std::string(2000, '('), kModule).status(),
                      absl::StatusCode::kInvalidArgument, "a pattern has 2000 bytes"));
}

}  // namespace
}  // namespace bitnet
