#include "tests/engine/random_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <numeric>
#include <random>
#include <span>

#include "absl/strings/str_cat.h"
#include "engine/formats/float_round.h"
#include "engine/model/architecture.h"
#include "engine/tokenizer/byte_unicode.h"
#include "engine/weights/half.h"
#include "tests/engine/gguf_writer.h"

namespace bitnet {
namespace {

constexpr size_t kAlignment = 32;
constexpr size_t kPieceBytes = size_t{1} << 20;

using Emit = std::function<void(std::span<const uint8_t>)>;

// Bytes of four random codes each, every code 0, 1 or 2.
constexpr std::array<uint8_t, 256> kTernaryBytes = [] {
  std::array<uint8_t, 256> bytes{};
  for (int i = 0; i < 256; ++i) {
    const int n = i % 81;
    bytes[i] = static_cast<uint8_t>(n / 27 << 6 | n / 9 % 3 << 4 | n / 3 % 3 << 2 | n % 3);
  }
  return bytes;
}();

void FillTernary(std::mt19937& rng, std::span<uint8_t> piece) {
  for (size_t i = 0; i < piece.size(); i += 4) {
    const uint32_t bits = rng();
    for (size_t j = 0; j < 4; ++j) {
      piece[i + j] = kTernaryBytes[bits >> 8 * j & 0xff];
    }
  }
}

// 16-bit floats of either sign between 2^-6 and 2^-3.
void FillHalves(GgmlType type, std::mt19937& rng, std::span<uint8_t> piece) {
  const bool bfloat = type == GgmlType::kBF16;
  const uint32_t mantissa = bfloat ? 0x7f : 0x3ff;
  for (size_t i = 0; i < piece.size(); i += 2) {
    const uint32_t bits = rng();
    const uint32_t exponent = (bfloat ? 121 : 9) + (bits >> 16) % 3;
    const auto half = static_cast<uint16_t>((bits & (0x8000 | mantissa)) | exponent * (mantissa + 1));
    std::memcpy(piece.data() + i, &half, sizeof(half));
  }
}

// Floats between 0.5 and 1.5: weights of norms.
void FillFloats(std::mt19937& rng, std::span<uint8_t> piece) {
  for (size_t i = 0; i < piece.size(); i += 4) {
    const float value = 0.5f + static_cast<float>(rng() >> 8) * 0x1p-24f;
    std::memcpy(piece.data() + i, &value, sizeof(value));
  }
}

// A ggml type of blocks that hold nothing but a half-precision scale, first or last, and codes of which every
// byte is valid, or every one of four ternary codes.
struct BlockType {
  GgmlType type;
  size_t weights;
  size_t bytes;
  bool scale_first;
  bool ternary_bytes;
};

constexpr BlockType kBlockTypes[] = {
    {GgmlType::kTQ1_0, 256, 54, false, false}, {GgmlType::kTQ2_0, 256, 66, false, true},
    {GgmlType::kQ1_0, 128, 18, true, false},   {GgmlType::kQ2_0, 64, 18, true, false},
    {GgmlType::kPQ2_0, 128, 34, true, false},  {GgmlType::kQ8_0, 32, 34, true, false},
};

const BlockType* FindBlockType(GgmlType type) {
  const auto* found = std::ranges::find(kBlockTypes, type, &BlockType::type);
  return found == std::end(kBlockTypes) ? nullptr : found;
}

// Blocks with scales between one and two times `scale`; Q8_0's codes reach 127.
void FillBlocks(const BlockType& type, float scale, std::mt19937& rng, std::span<uint8_t> piece) {
  const float unit = type.type == GgmlType::kQ8_0 ? scale / 64 : scale;
  for (size_t at = 0; at < piece.size(); at += type.bytes) {
    const std::span<uint8_t> block = piece.subspan(at, type.bytes);
    const uint16_t half = FloatToHalf(unit * (1 + static_cast<float>(rng() >> 8) * 0x1p-24f));
    std::memcpy(block.data() + (type.scale_first ? 0 : type.bytes - 2), &half, 2);
    for (uint8_t& byte : type.scale_first ? block.subspan(2) : block.first(type.bytes - 2)) {
      byte = type.ternary_bytes ? kTernaryBytes[rng() & 0xff] : static_cast<uint8_t>(rng());
    }
  }
}

void EmitTail(float scale, const Emit& emit) {
  std::array<uint8_t, 32> tail{};
  std::memcpy(tail.data(), &scale, sizeof(scale));
  emit(tail);
}

void EmitTensor(const RandomTensor& tensor, std::mt19937& rng, const Emit& emit) {
  const bool ternary = tensor.type == GgmlType::kI2S;
  const uint64_t bytes = ternary ? tensor.num_elements() / 4 : tensor.num_bytes();
  std::vector<uint8_t> piece;
  for (uint64_t at = 0; at < bytes; at += piece.size()) {
    const BlockType* blocks = FindBlockType(tensor.type);
    const uint64_t whole = blocks == nullptr ? kPieceBytes : kPieceBytes / blocks->bytes * blocks->bytes;
    piece.resize(std::min<uint64_t>(whole, bytes - at));
    if (blocks != nullptr) {
      FillBlocks(*blocks, tensor.scale, rng, piece);
    } else if (ternary) {
      FillTernary(rng, piece);
    } else if (tensor.type == GgmlType::kF16 || tensor.type == GgmlType::kBF16) {
      FillHalves(tensor.type, rng, piece);
    } else {
      FillFloats(rng, piece);
    }
    emit(piece);
  }
  if (ternary) {
    EmitTail(tensor.scale, emit);
  }
  const std::array<uint8_t, kAlignment> padding{};
  emit(std::span(padding).first((kAlignment - tensor.num_bytes() % kAlignment) % kAlignment));
}

void AddTokenizer(const RandomModelShape& shape, GgufWriter& writer) {
  constexpr int32_t kNormal = 1;
  constexpr int32_t kControl = 3;
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) {
    tokens.push_back(EncodeByteUnicode(std::string(1, static_cast<char>(byte))));
  }
  while (tokens.size() < shape.vocab_size - 3) {
    tokens.push_back(absl::StrCat("t", tokens.size()));
  }
  tokens.insert(tokens.end(), {"<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"});
  std::vector<int32_t> types(shape.vocab_size, kNormal);
  std::fill(types.end() - 3, types.end(), kControl);
  writer.String("tokenizer.ggml.model", "gpt2")
      .Strings("tokenizer.ggml.tokens", tokens)
      .Int32s("tokenizer.ggml.token_type", types)
      .Strings("tokenizer.ggml.merges", {})
      .Uint32("tokenizer.ggml.bos_token_id", shape.begin_id())
      .Uint32("tokenizer.ggml.eos_token_id", shape.end_id())
      .Bool("tokenizer.ggml.add_bos_token", true);
}

// Everything before the tensors' data.
std::vector<uint8_t> Header(const RandomModelShape& shape, const std::vector<RandomTensor>& tensors) {
  const auto u32 = [](size_t n) { return static_cast<uint32_t>(n); };
  const std::string& a = shape.architecture;
  GgufWriter writer;
  writer.String("general.architecture", a)
      .String("general.name", "random")
      .Uint32(a + ".vocab_size", u32(shape.vocab_size))
      .Uint32(a + ".context_length", u32(shape.max_seq_len))
      .Uint32(a + ".embedding_length", u32(shape.hidden_dim))
      .Uint32(a + ".block_count", u32(shape.num_layers))
      .Uint32(a + ".feed_forward_length", u32(shape.ffn_dim))
      .Uint32(a + ".rope.dimension_count", u32(shape.head_dim))
      .Uint32(a + ".attention.head_count", u32(shape.num_heads))
      .Uint32(a + ".attention.head_count_kv", u32(shape.num_kv_heads))
      .Float32(a + ".attention.layer_norm_rms_epsilon", 1e-5f)
      .Float32(a + ".rope.freq_base", 500000.0f)
      .Uint32("general.file_type", 40);
  if (shape.hadamard_block != 0) {
    writer.Uint32("bitnet.hadamard.attn_output", shape.hadamard_block)
        .Uint32("bitnet.hadamard.ffn_down", shape.hadamard_block);
  }
  if (shape.head_dim * shape.num_heads != shape.hidden_dim) {
    writer.Uint32(a + ".attention.key_length", u32(shape.head_dim))
        .Uint32(a + ".attention.value_length", u32(shape.head_dim));
  }
  AddTokenizer(shape, writer);
  uint64_t offset = 0;
  for (const RandomTensor& tensor : tensors) {
    writer.RawTensor(tensor.name, static_cast<uint32_t>(tensor.type), tensor.dims, offset);
    offset += (tensor.num_bytes() + kAlignment - 1) / kAlignment * kAlignment;
  }
  std::vector<uint8_t> header = writer.Finish();
  header.resize((header.size() + kAlignment - 1) / kAlignment * kAlignment);
  return header;
}

void EmitModel(const RandomModelShape& shape, const std::vector<RandomTensor>& tensors, const Emit& emit) {
  emit(Header(shape, tensors));
  std::mt19937 rng(shape.seed);
  for (const RandomTensor& tensor : tensors) {
    EmitTensor(tensor, rng, emit);
  }
}

}  // namespace

uint64_t RandomTensor::num_elements() const {
  return std::accumulate(dims.begin(), dims.end(), uint64_t{1}, std::multiplies<>());
}

uint64_t RandomTensor::num_bytes() const {
  if (const BlockType* blocks = FindBlockType(type)) {
    return num_elements() / blocks->weights * blocks->bytes;
  }
  switch (type) {
    case GgmlType::kI2S:
      return num_elements() / 4 + 32;
    case GgmlType::kF16:
    case GgmlType::kBF16:
      return num_elements() * 2;
    default:
      return num_elements() * 4;
  }
}

std::vector<RandomTensor> RandomModelTensors(const RandomModelShape& shape) {
  const Architecture& architecture = *FindArchitecture(shape.architecture);
  const uint64_t hidden = shape.hidden_dim;
  const uint64_t query = shape.num_heads * shape.head_dim;
  const uint64_t kv = shape.num_kv_heads * shape.head_dim;
  const uint64_t ffn = shape.ffn_dim;
  std::vector<RandomTensor> tensors = {
      {"token_embd.weight", shape.embedding, {hidden, shape.vocab_size}, 0.06f}};
  std::string prefix;
  const auto floats = [&](const char* name, uint64_t n, bool wanted = true) {
    if (wanted) {
      tensors.push_back({absl::StrCat(prefix, name, ".weight"), GgmlType::kF32, {n}});
    }
  };
  const auto matrix = [&](const char* name, uint64_t rows, uint64_t k) {
    const float scale = 1 / std::sqrt(static_cast<float>(k));
    tensors.push_back({absl::StrCat(prefix, name, ".weight"), shape.matrices, {k, rows}, scale});
    if (shape.input_norms) {
      tensors.push_back({absl::StrCat(prefix, name, "_norm_in.weight"), GgmlType::kF32, {k}});
    }
  };
  for (size_t layer = 0; layer < shape.num_layers; ++layer) {
    prefix = absl::StrCat("blk.", layer, ".");
    floats("attn_norm", hidden);
    matrix("attn_q", query, hidden);
    matrix("attn_k", kv, hidden);
    matrix("attn_v", kv, hidden);
    floats("attn_q_norm", shape.head_dim, architecture.query_key_norms);
    floats("attn_k_norm", shape.head_dim, architecture.query_key_norms);
    floats("attn_sub_norm", query, architecture.sub_norms);
    matrix("attn_output", hidden, query);
    floats("ffn_norm", hidden);
    matrix("ffn_gate", ffn, hidden);
    matrix("ffn_up", ffn, hidden);
    floats("ffn_sub_norm", ffn, architecture.sub_norms);
    matrix("ffn_down", hidden, ffn);
  }
  prefix.clear();
  floats("output_norm", hidden);
  if (shape.own_head) {
    tensors.push_back({"output.weight", shape.embedding, {hidden, shape.vocab_size}, 0.06f});
  }
  return tensors;
}

std::vector<uint8_t> RandomModel(const RandomModelShape& shape) {
  return RandomModel(shape, RandomModelTensors(shape));
}

std::vector<uint8_t> RandomModel(const RandomModelShape& shape, const std::vector<RandomTensor>& tensors) {
  std::vector<uint8_t> bytes;
  EmitModel(shape, tensors,
            [&](std::span<const uint8_t> piece) { bytes.insert(bytes.end(), piece.begin(), piece.end()); });
  return bytes;
}

absl::Status WriteRandomModel(const RandomModelShape& shape, const std::string& path) {
  std::ofstream out(path, std::ios::binary);
  EmitModel(shape, RandomModelTensors(shape), [&](std::span<const uint8_t> piece) {
    out.write(reinterpret_cast<const char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
  });
  if (!out.flush()) {
    return absl::UnavailableError(absl::StrCat("cannot write ", path));
  }
  return absl::OkStatus();
}

std::vector<int32_t> RandomTokens(size_t n, size_t vocab_size, uint32_t seed) {
  std::mt19937 rng(seed);
  std::vector<int32_t> tokens(n);
  for (int32_t& token : tokens) {
    token = static_cast<int32_t>(rng() % vocab_size);
  }
  return tokens;
}

}  // namespace bitnet
