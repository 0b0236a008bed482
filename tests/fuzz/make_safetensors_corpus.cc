// Writes the first corpus of safetensors_fuzz: a small directory of each kind.
//
// Usage: make_safetensors_corpus FOLDER
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "tests/engine/huggingface/hf_directory.h"

namespace bitnet {
namespace {

constexpr uint64_t kHidden = 8, kFfn = 16, kVocab = 4, kHeads = 2;

void Write(const std::string& path, const nlohmann::json& config, const SafetensorsWriter& tensors) {
  const std::string text = config.dump();
  const auto length = static_cast<uint32_t>(text.size());
  const std::vector<uint8_t> bytes = tensors.Finish();
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(&length), sizeof(length)).write(text.data(), length);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

nlohmann::json Config(const std::string& architecture, const std::string& activation) {
  nlohmann::json config = SmallConfig(architecture, activation);
  config["hidden_size"] = kHidden;
  config["intermediate_size"] = kFfn;
  config["num_hidden_layers"] = 1;
  config["num_attention_heads"] = kHeads;
  config["num_key_value_heads"] = kHeads;
  config["vocab_size"] = kVocab;
  return config;
}

std::vector<uint8_t> Bytes(uint64_t count) {
  std::vector<uint8_t> bytes(count);
  for (uint64_t i = 0; i < count; ++i) {
    bytes[i] = static_cast<uint8_t>(i % 3 * 0x15);  // Codes 0, 1 and 2; as floats, small numbers.
  }
  return bytes;
}

void Matrix(SafetensorsWriter& writer, const std::string& module, uint64_t rows, uint64_t k, bool packed) {
  if (packed) {
    writer.Tensor(module + ".weight", "U8", {rows / 4, k}, Bytes(rows / 4 * k));
    writer.Tensor(module + ".weight_scale", "BF16", {1}, {0x80, 0x3f});
  } else {
    writer.Tensor(module + ".weight", "BF16", {rows, k}, Bytes(2 * rows * k));
  }
}

SafetensorsWriter Tensors(bool packed, const std::vector<std::string>& norms, bool head) {
  SafetensorsWriter writer;
  Matrix(writer, "model.embed_tokens", kVocab, kHidden, false);
  const std::string layer = "model.layers.0.";
  for (const char* name : {"q_proj", "k_proj", "v_proj", "o_proj"}) {
    Matrix(writer, layer + "self_attn." + name, kHidden, kHidden, packed);
  }
  Matrix(writer, layer + "mlp.gate_proj", kFfn, kHidden, packed);
  Matrix(writer, layer + "mlp.up_proj", kFfn, kHidden, packed);
  Matrix(writer, layer + "mlp.down_proj", kHidden, kFfn, packed);
  for (const std::string& norm : norms) {
    writer.Tensor(layer + norm + ".weight", "F16", {kHidden}, Bytes(2 * kHidden));
  }
  writer.Floats("model.norm.weight", {kHidden}, std::vector<float>(kHidden, 1));
  if (head) {
    Matrix(writer, "lm_head", kVocab, kHidden, false);
  }
  return writer;
}

void WriteAll(const std::string& folder) {
  const std::vector<std::string> two = {"input_layernorm", "post_attention_layernorm"};
  nlohmann::json config = Config("BitNetForCausalLM", "relu2");
  config["quantization_config"] = BitnetQuantization("autobitlinear", "offline");
  Write(folder + "/bitnet", config,
        Tensors(true, {"input_layernorm", "self_attn.attn_sub_norm", "mlp.ffn_sub_norm"}, false));

  Write(folder + "/reproduction", Config("BitnetForCausalLM", "silu"),
        Tensors(false, {"self_attn.inner_attn_ln", "mlp.ffn_layernorm", "self_attn.rotary_emb.inv_freq"},
                true));

  config = Config("LlamaForCausalLM", "silu");
  config["tie_word_embeddings"] = false;
  config["quantization_config"] = BitnetQuantization("bitlinear", "offline");
  config["quantization_config"]["use_rms_norm"] = true;
  config["quantization_config"]["hadamard"] = {{"o_proj", 8}};
  config["rope_scaling"] = {{"rope_type", "llama3"},
                            {"factor", 8},
                            {"low_freq_factor", 1},
                            {"high_freq_factor", 4},
                            {"original_max_position_embeddings", 32}};
  std::vector<std::string> norms = two;
  norms.emplace_back("self_attn.q_proj.rms_norm");
  Write(folder + "/llama", config, Tensors(true, norms, true));

  config = Config("Qwen3ForCausalLM", "silu");
  config["head_dim"] = 4;
  config["rope_parameters"] = {{"rope_type", "yarn"},
                               {"rope_theta", 1e6},
                               {"factor", 4},
                               {"beta_fast", 32},
                               {"original_max_position_embeddings", 32}};
  Write(folder + "/qwen3", config, Tensors(false, {"self_attn.q_norm", "self_attn.k_norm"}, false));
}

}  // namespace
}  // namespace bitnet

int main(int argc, char** argv) {
  if (argc != 2) {
    return 2;
  }
  bitnet::WriteAll(argv[1]);
  return 0;
}
