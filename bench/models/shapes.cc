#include "bench/models/shapes.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace bitnet {
namespace {

constexpr WeightType kTypes[] = {
    {"2bit", GgmlType::kPacked2Bit, 0, ""},                   // Ternary, 2 bits.
    {"base3", GgmlType::kPackedBase3, 0, ""},                 // Ternary, 1.6 bits.
    {"2bit-grouped", GgmlType::kPackedGrouped2Bit, 128, ""},  // 2 bits and a half per 128: Ternary-Bonsai.
    {"1bit-grouped", GgmlType::kPackedGrouped1Bit, 128, ""},  // 1 bit and a half per 128: Bonsai.
    {"1bit-binary", GgmlType::kQ1K, 0, "binary"},             // W1A1: signs times signs.
    {"1bit-ternary", GgmlType::kQ1K, 0, "ternary"},           // W1A1.58: signs times trits.
    {"1bit-bf16", GgmlType::kQ1K, 0, "bf16"},                 // W1A16.
    {"f16", GgmlType::kF16, 0, ""},
};

// 2b-4t, 1.3b and falcon3-3b were compared with their sources; of the others the source is where to look it
// up.
constexpr ModelShape kShapes[] = {
    {"tiny", "for tests of this program", "bitnet-b1.58",  //
     256, 768, 2, 4, 2, 64, 512, 512, false, "2bit", "f16"},
    {"2b-4t", "config.json of microsoft/bitnet-b1.58-2B-4T", "bitnet-b1.58",  //
     2560, 6912, 30, 20, 5, 128, 128256, 4096, false, "2bit", "f16"},
    // 1.23 G weights in the layers and 65.5 M in the head: 1.30 G bits, 165 MB with the scales. The head is
    // of one bit here, which FBI-LLM's own is not: W1A1 throughout.
    {"1.3b", "README of LiqunMa/FBI-LLM (arXiv 2407.07093), 1.3B; Llama 2's vocabulary", "llama",  //
     2048, 5632, 24, 32, 32, 64, 32000, 2048, false, "1bit-binary", "1bit-binary"},
    {"large", "config.json of 1bitLLM/bitnet_b1_58-large (0.7B)", "bitnet",  //
     1536, 4096, 24, 16, 16, 96, 32002, 2048, false, "2bit", "f16"},
    {"3b", "config.json of 1bitLLM/bitnet_b1_58-3B", "bitnet",  //
     3200, 8640, 26, 32, 32, 100, 32002, 2048, false, "2bit", "f16"},
    // Bonsai: every matrix is of low bits, embedding and head too.
    {"bonsai-1.7b", "config.json of Qwen/Qwen3-1.7B, which Bonsai 1.7B derives from", "qwen3",  //
     2048, 6144, 28, 16, 8, 128, 151936, 40960, false, "1bit-grouped", "1bit-grouped"},
    {"bonsai-4b", "config.json of Qwen/Qwen3-4B", "qwen3",  //
     2560, 9728, 36, 32, 8, 128, 151936, 40960, false, "1bit-grouped", "1bit-grouped"},
    {"bonsai-8b", "config.json of Qwen/Qwen3-8B", "qwen3",  //
     4096, 12288, 36, 32, 8, 128, 151936, 40960, true, "1bit-grouped", "1bit-grouped"},
    // Layers are published; the rest is what the published 635 MB of its I2_S file leave: 1.46 G ternary
    // weights and two tables of 32768 x 2048 halves.
    {"falcon-e-1b", "inferred from the size of tiiuae/Falcon-E-1B-Instruct-GGUF and its 24 layers",
     "llama",  //
     2048, 8192, 24, 16, 4, 128, 32768, 32768, true, "2bit", "f16"},
    {"falcon3-3b", "config.json of tiiuae/Falcon3-3B-Base", "llama",  //
     3072, 9216, 22, 12, 4, 256, 131072, 32768, true, "2bit", "f16"},
    {"llama3-8b", "config.json of HF1BitLLM/Llama3-8B-1.58-100B-tokens", "llama",  //
     4096, 14336, 32, 32, 8, 128, 128256, 8192, true, "2bit", "f16"},
};

template <typename Table>
absl::Status Unknown(const char* what, std::string_view name, const Table& table) {
  std::vector<std::string> names;
  for (const auto& row : table) {
    names.push_back(row.name);
  }
  return absl::InvalidArgumentError(
      absl::StrCat(what, " ", std::string(name), " is not known; there are ", absl::StrJoin(names, ", ")));
}

}  // namespace

std::span<const WeightType> WeightTypes() { return kTypes; }
std::span<const ModelShape> ModelShapes() { return kShapes; }

absl::StatusOr<WeightType> FindWeightType(std::string_view name) {
  const auto* found = std::ranges::find(kTypes, name, &WeightType::name);
  return found != std::end(kTypes) ? absl::StatusOr<WeightType>(*found)
                                   : Unknown("weight type", name, kTypes);
}

absl::StatusOr<ModelShape> FindShape(std::string_view name) {
  const auto* found = std::ranges::find(kShapes, name, &ModelShape::name);
  return found != std::end(kShapes) ? absl::StatusOr<ModelShape>(*found) : Unknown("shape", name, kShapes);
}

uint64_t ModelShape::num_layer_weights() const {
  const uint64_t query = num_heads * head_dim;
  const uint64_t kv = num_kv_heads * head_dim;
  return num_layers * hidden_dim * (2 * query + 2 * kv + 3 * ffn_dim);
}

}  // namespace bitnet
