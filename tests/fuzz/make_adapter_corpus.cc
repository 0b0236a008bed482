// make_adapter_corpus FOLDER: writes small well-formed adapters, from which a fuzzer starts.
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "tests/engine/adapters/adapter_files.h"

namespace bitnet {
namespace {

void Write(const std::string& path, uint8_t kind, const std::vector<uint8_t>& bytes) {
  std::ofstream out(path, std::ios::binary);
  out.put(static_cast<char>(kind));
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

std::vector<uint8_t> Peft(const nlohmann::json& json, const SafetensorsWriter& tensors) {
  const std::string text = json.dump();
  return ByteBuilder()
      .Value<uint32_t>(static_cast<uint32_t>(text.size()))
      .Bytes(text)
      .Append(tensors.Finish())
      .bytes();
}

GgufWriter GgufPairs(const std::string& architecture) {
  GgufWriter writer = GgufAdapterKeys(architecture);
  AddGgufPair(writer, "blk.0.attn_q", 1, 8, 6);
  AddGgufPair(writer, "blk.1.ffn_down", 2, 6, 10);
  return writer;
}

GgufWriter GgufTypes() {
  GgufWriter writer = GgufAdapterKeys();
  writer.Tensor("blk.0.attn_q.weight.lora_a", GgmlType::kF16, {6, 1}, std::vector<uint8_t>(12));
  writer.Tensor("blk.0.attn_q.weight.lora_b", GgmlType::kBF16, {1, 8}, AsBf16(Counting(8, 101)));
  return writer;
}

std::vector<uint8_t> PeftPairs() {
  SafetensorsWriter tensors;
  AddPeftPair(tensors, "model.layers.0.self_attn.q_proj", 1, 8, 6);
  AddPeftPair(tensors, "layers.1.mlp.down_proj", 1, 6, 10);
  return Peft(PeftJson(1, 2), tensors);
}

std::vector<uint8_t> PeftPatterns() {
  nlohmann::json json = PeftJson(3, 6);
  json["use_rslora"] = true;
  json["rank_pattern"] = {{"q_proj", 2}, {"^model\\.layers\\.[1-9].+", 1}};
  json["alpha_pattern"] = {{"layers.0.self_attn.q_proj", 10}};
  SafetensorsWriter tensors;
  AddPeftPair(tensors, "model.layers.0.self_attn.q_proj", 2, 8, 6);
  AddPeftPair(tensors, "model.layers.1.self_attn.k_proj", 1, 4, 6);
  return Peft(json, tensors);
}

std::vector<uint8_t> PeftTypes() {
  const std::string name = "base_model.model.model.layers.0.self_attn.k_proj.lora_";
  SafetensorsWriter tensors;
  tensors.Tensor(name + "A.weight", "F16", {1, 6}, std::vector<uint8_t>(12));
  tensors.Tensor(name + "B.weight", "BF16", {4, 1}, AsBf16(Counting(4, 101)));
  return Peft(PeftJson(1, 2), tensors);
}

}  // namespace
}  // namespace bitnet

int main(int argc, char** argv) {
  if (argc != 2) {
    return 2;
  }
  const std::string folder = std::string(argv[1]) + "/";
  bitnet::Write(folder + "gguf_pairs", 0, bitnet::GgufPairs("bitnet-b1.58").Finish());
  bitnet::Write(folder + "gguf_llama", 2, bitnet::GgufPairs("llama").Finish());
  bitnet::Write(folder + "gguf_types", 0, bitnet::GgufTypes().Finish());
  bitnet::Write(folder + "peft_pairs", 1, bitnet::PeftPairs());
  bitnet::Write(folder + "peft_llama", 3, bitnet::PeftPairs());
  bitnet::Write(folder + "peft_patterns", 1, bitnet::PeftPatterns());
  bitnet::Write(folder + "peft_types", 3, bitnet::PeftTypes());
  return 0;
}
