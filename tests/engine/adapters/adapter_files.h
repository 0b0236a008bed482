// A model of a few numbers, and adapters to it in both kinds of files.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/adapters/adapter.h"
#include "engine/model/model_config.h"
#include "tests/engine/gguf_writer.h"
#include "tests/engine/huggingface/hf_directory.h"

namespace bitnet {

inline constexpr size_t kPlenty = size_t{1} << 30;

// Two layers; queries of 2 heads of 4 and keys of 1, so every side of every matrix is told from the others
// that it must not be mistaken for: hidden 6, query 8, key and value 4, FFN 10.
inline ModelConfig TinyConfig(RopePairs rope_pairs = RopePairs::kHalves) {
  ModelConfig config;
  config.architecture = rope_pairs == RopePairs::kNeighbours ? "llama" : "bitnet-b1.58";
  config.rope_pairs = rope_pairs;
  config.hidden_dim = 6;
  config.ffn_dim = 10;
  config.num_layers = 2;
  config.num_heads = 2;
  config.num_kv_heads = 1;
  config.head_dim = 4;
  config.vocab_size = 16;
  config.max_seq_len = 32;
  return config;
}

// begin, begin + 1, ...: exact in every float type.
inline std::vector<float> Counting(size_t n, float begin) {
  std::vector<float> values(n);
  for (size_t i = 0; i < n; ++i) {
    values[i] = begin + static_cast<float>(i);
  }
  return values;
}

inline std::vector<uint8_t> AsF32(const std::vector<float>& values) {
  std::vector<uint8_t> bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

// The upper halves: exact for whole numbers up to 256.
inline std::vector<uint8_t> AsBf16(const std::vector<float>& values) {
  const std::vector<uint8_t> wide = AsF32(values);
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < wide.size(); i += 4) {
    bytes.insert(bytes.end(), {wide[i + 2], wide[i + 3]});
  }
  return bytes;
}

inline GgufWriter GgufAdapterKeys(const std::string& architecture = "bitnet-b1.58", float alpha = 6) {
  return GgufWriter()
      .String("general.type", "adapter")
      .String("general.architecture", architecture)
      .String("adapter.type", "lora")
      .Float32("adapter.lora.alpha", alpha);
}

// Both halves for a matrix, such as "blk.0.attn_q": A counts from 1, B from 101.
inline void AddGgufPair(GgufWriter& writer, const std::string& base, size_t rank, size_t rows, size_t k) {
  writer.F32Tensor(base + ".weight.lora_a", {k, rank}, Counting(rank * k, 1));
  writer.F32Tensor(base + ".weight.lora_b", {rank, rows}, Counting(rows * rank, 101));
}

inline nlohmann::json PeftJson(uint64_t rank = 3, double alpha = 6) {
  return {{"peft_type", "LORA"},
          {"r", rank},
          {"lora_alpha", alpha},
          {"target_modules", {"q_proj"}},
          {"bias", "none"},
          {"fan_in_fan_out", false},
          {"use_rslora", false},
          {"use_dora", false},
          {"modules_to_save", nullptr},
          {"init_lora_weights", true},
          {"rank_pattern", nlohmann::json::object()},
          {"alpha_pattern", nlohmann::json::object()}};
}

// As AddGgufPair, for a module such as "model.layers.0.self_attn.q_proj".
inline void AddPeftPair(SafetensorsWriter& writer, const std::string& module, size_t rank, size_t rows,
                        size_t k) {
  const std::string name = "base_model.model." + module;
  writer.Floats(name + ".lora_A.weight", {rank, k}, Counting(rank * k, 1));
  writer.Floats(name + ".lora_B.weight", {rows, rank}, Counting(rows * rank, 101));
}

inline std::vector<uint8_t> Bytes(const std::string& text) { return {text.begin(), text.end()}; }

}  // namespace bitnet
