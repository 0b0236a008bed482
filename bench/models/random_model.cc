#include "bench/models/random_model.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "bench/models/random_bytes.h"
#include "engine/tokenizer/byte_unicode.h"
#include "engine/weights/packed_format.h"
#include "tests/engine/random_model.h"

namespace bitnet {
namespace {

constexpr size_t kAlignment = 64;

RandomModelShape ForTensorNames(const ModelShape& shape) {
  return {.hidden_dim = shape.hidden_dim,
          .ffn_dim = shape.ffn_dim,
          .num_layers = shape.num_layers,
          .num_heads = shape.num_heads,
          .num_kv_heads = shape.num_kv_heads,
          .head_dim = shape.head_dim,
          .vocab_size = shape.vocab_size,
          .max_seq_len = shape.max_seq_len,
          .architecture = shape.architecture,
          .own_head = shape.own_head};
}

// A vocabulary that the tokenizer accepts: all bytes, names, and the special tokens at the end.
void AddTokenizer(size_t vocab_size, ModelKeys& keys) {
  constexpr int64_t kNormal = 1;
  constexpr int64_t kControl = 3;
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) {
    tokens.push_back(EncodeByteUnicode(std::string(1, static_cast<char>(byte))));
  }
  while (tokens.size() < vocab_size - 2) {
    tokens.push_back(absl::StrCat("t", tokens.size()));
  }
  tokens.insert(tokens.end(), {"<|begin_of_text|>", "<|end_of_text|>"});
  std::vector<int64_t> types(vocab_size, kNormal);
  std::fill(types.end() - 2, types.end(), kControl);
  keys["tokenizer.ggml.model"] = std::string("gpt2");
  keys["tokenizer.ggml.tokens"] = std::move(tokens);
  keys["tokenizer.ggml.token_type"] = std::move(types);
  keys["tokenizer.ggml.merges"] = std::vector<std::string>();
  keys["tokenizer.ggml.bos_token_id"] = static_cast<uint64_t>(vocab_size - 2);
  keys["tokenizer.ggml.eos_token_id"] = static_cast<uint64_t>(vocab_size - 1);
}

ModelKeys KeysOf(const ModelShape& shape, const WeightType& type) {
  const std::string a = shape.architecture;
  ModelKeys keys;
  keys["general.architecture"] = a;
  keys["general.name"] = std::string(shape.name);
  keys[a + ".vocab_size"] = uint64_t{shape.vocab_size};
  keys[a + ".context_length"] = uint64_t{shape.max_seq_len};
  keys[a + ".embedding_length"] = uint64_t{shape.hidden_dim};
  keys[a + ".block_count"] = uint64_t{shape.num_layers};
  keys[a + ".feed_forward_length"] = uint64_t{shape.ffn_dim};
  keys[a + ".rope.dimension_count"] = uint64_t{shape.head_dim};
  keys[a + ".attention.head_count"] = uint64_t{shape.num_heads};
  keys[a + ".attention.head_count_kv"] = uint64_t{shape.num_kv_heads};
  keys[a + ".attention.key_length"] = uint64_t{shape.head_dim};
  keys[a + ".attention.value_length"] = uint64_t{shape.head_dim};
  keys[a + ".attention.layer_norm_rms_epsilon"] = 1e-5;
  keys[a + ".rope.freq_base"] = 500000.0;
  if (*type.activations != '\0') keys["bitnet.activations"] = std::string(type.activations);
  AddTokenizer(shape.vocab_size, keys);
  return keys;
}

bool IsMatrix(const ModelTensor& tensor) { return tensor.dims.size() == 2; }

uint64_t BytesOf(const ModelTensor& tensor, const WeightType& type) {
  if (IsPacked(tensor.type)) return PackedBytes(tensor.type, tensor.dims[1], tensor.dims[0], type.group);
  return tensor.num_elements() * (tensor.type == GgmlType::kF16 ? 2 : 4);
}

void Fill(const ModelTensor& tensor, const WeightType& type, float scale, Random& random,
          std::span<uint8_t> bytes) {
  if (!IsMatrix(tensor)) return FillNorm(random, bytes);
  if (tensor.type == GgmlType::kF16) return FillHalves(random, bytes);
  const uint64_t scales = PackedScalesOffset(tensor.type, tensor.dims[1], tensor.dims[0]);
  const uint64_t end = bytes.size() - sizeof(PackedFooter);
  FillCodes(tensor.type, random, bytes.first(scales));
  const std::span<uint8_t> scale_bytes = bytes.subspan(scales, end - scales);
  if (type.group > 0) {
    FillHalfScales(scale, random, scale_bytes);
  } else {
    FillFloatScales(scale, random, scale_bytes);
  }
  const bool own_scales = !scale_bytes.empty();
  const PackedFooter footer = {.scale = own_scales ? 1 : scale,
                               .group = static_cast<uint32_t>(type.group),
                               .version = kPackedVersion,
                               .reserved = {}};
  std::memcpy(bytes.data() + end, &footer, sizeof(footer));
}

absl::Status CheckRows(const ModelShape& shape, const ModelTensor& tensor, const WeightType& type) {
  const size_t k = tensor.dims[0];
  const size_t multiple = type.group > 0                       ? type.group
                          : type.type == GgmlType::kQ1K        ? 64
                          : type.type == GgmlType::kPacked2Bit ? 16
                                                               : 1;
  if (k % multiple == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("shape %s has rows of %d weights (%s); type %s needs a multiple of %d", shape.name, k,
                      tensor.name, type.name, multiple));
}

}  // namespace

absl::StatusOr<std::unique_ptr<MadeModel>> MadeModel::Create(const ModelShape& shape, const WeightType& type,
                                                             const WeightType& head) {
  auto model = std::unique_ptr<MadeModel>(new MadeModel);
  model->name_ = shape.name;
  model->keys_ = KeysOf(shape, *type.activations != '\0' ? type : head);
  const std::vector<RandomTensor> wanted = RandomModelTensors(ForTensorNames(shape));
  const auto type_of = [&](const RandomTensor& tensor) -> const WeightType& {
    return absl::StartsWith(tensor.name, "blk.") ? type : head;
  };
  uint64_t bytes = 0;
  for (const RandomTensor& tensor : wanted) {
    ModelTensor made = {.name = tensor.name, .type = tensor.type, .dims = tensor.dims, .data = {}};
    if (IsMatrix(made)) {
      made.type = type_of(tensor).type;
      RETURN_IF_ERROR(CheckRows(shape, made, type_of(tensor)));
    }
    bytes += (BytesOf(made, type_of(tensor)) + kAlignment - 1) / kAlignment * kAlignment;
    model->tensors_.push_back(std::move(made));
  }
  model->memory_ = AlignedBuffer<uint8_t>(bytes);
  Random random(1);
  uint8_t* at = model->memory_.data();
  for (size_t i = 0; i < wanted.size(); ++i) {
    ModelTensor& tensor = model->tensors_[i];
    const std::span<uint8_t> data(at, BytesOf(tensor, type_of(wanted[i])));
    Fill(tensor, type_of(wanted[i]), wanted[i].scale, random, data);
    tensor.data = data;
    at += (data.size() + kAlignment - 1) / kAlignment * kAlignment;
  }
  return model;
}

std::unique_ptr<ModelFile> MadeModel::File() const {
  return ModelFile::FromParts(name_, keys_, tensors_, {});
}

}  // namespace bitnet
