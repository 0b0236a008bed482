#include "engine/model/model_config.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"

namespace bitnet {
namespace {

// Far above any model there is, and small enough that a product of two dimensions fits 2^40.
constexpr uint64_t kMaxDim = uint64_t{1} << 20;
constexpr uint64_t kMaxLayers = 1024;
constexpr uint64_t kMaxHeads = 4096;
constexpr uint64_t kMaxHeadDim = 4096;

// GGUF's default where rope.freq_base is missing.
constexpr double kDefaultRopeTheta = 10000;

// Reads the keys of one architecture, "bitnet-b1.58.block_count" for "block_count".
class ConfigReader {
 public:
  ConfigReader(const ModelFile& file, std::string_view architecture)
      : file_(file), architecture_(architecture) {}

  std::string Key(std::string_view name) const { return absl::StrFormat("%s.%s", architecture_, name); }
  bool Has(std::string_view name) const { return file_.Has(Key(name)); }

  // A size from 1 to `max`.
  absl::StatusOr<size_t> Size(std::string_view name, uint64_t max) const {
    ASSIGN_OR_RETURN(const uint64_t value, file_.GetUint(Key(name)));
    if (value < 1 || value > max) {
      return Wrong(name, absl::StrCat(value), absl::StrFormat("1 to %d", max));
    }
    return value;
  }

  absl::StatusOr<double> Float(std::string_view name) const { return file_.GetFloat(Key(name)); }

  absl::Status Wrong(std::string_view name, std::string_view found, std::string_view wanted) const {
    return absl::DataLossError(
        absl::StrFormat("%s: key '%s' is %s; %s was wanted", file_.path(), Key(name), found, wanted));
  }

  absl::Status Multiple(std::string_view name, size_t value, size_t of) const {
    if (value % of != 0) {
      return Wrong(name, absl::StrCat(value), absl::StrCat("a multiple of ", of));
    }
    return absl::OkStatus();
  }

 private:
  const ModelFile& file_;  // Borrowed; outlives this.
  std::string architecture_;
};

// Heads may be wider or narrower than their share of the hidden dimensions; then a key says so. Rotary
// positions turn all of a head.
absl::Status ReadHeadDim(const ConfigReader& reader, ModelConfig& config) {
  for (const char* key : {"attention.key_length", "rope.dimension_count"}) {
    if (reader.Has(key)) {
      ASSIGN_OR_RETURN(config.head_dim, reader.Size(key, kMaxHeadDim));
      RETURN_IF_ERROR(reader.Multiple(key, config.head_dim, 2));
      break;
    }
  }
  if (config.head_dim == 0) {
    config.head_dim = config.hidden_dim / config.num_heads;
    return reader.Multiple("embedding_length", config.hidden_dim, 2 * config.num_heads);
  }
  for (const char* key : {"attention.value_length", "rope.dimension_count"}) {
    if (reader.Has(key)) {
      ASSIGN_OR_RETURN(const size_t dim, reader.Size(key, kMaxHeadDim));
      if (dim != config.head_dim) {
        return reader.Wrong(key, absl::StrCat(dim),
                            absl::StrFormat("the heads' %d dimensions", config.head_dim));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status ReadHeads(const ConfigReader& reader, ModelConfig& config) {
  ASSIGN_OR_RETURN(config.num_heads, reader.Size("attention.head_count", kMaxHeads));
  config.num_kv_heads = config.num_heads;
  if (reader.Has("attention.head_count_kv")) {
    ASSIGN_OR_RETURN(config.num_kv_heads, reader.Size("attention.head_count_kv", kMaxHeads));
  }
  RETURN_IF_ERROR(reader.Multiple("attention.head_count", config.num_heads, config.num_kv_heads));
  RETURN_IF_ERROR(ReadHeadDim(reader, config));
  if (config.query_dim() > kMaxDim) {
    return reader.Wrong("attention.head_count",
                        absl::StrFormat("%d heads of %d", config.num_heads, config.head_dim),
                        absl::StrFormat("a product of at most %d", kMaxDim));
  }
  return absl::OkStatus();
}

absl::Status ReadConstants(const ConfigReader& reader, ModelConfig& config) {
  ASSIGN_OR_RETURN(const double eps, reader.Float("attention.layer_norm_rms_epsilon"));
  if (!(eps > 0 && eps <= 1e-2)) {
    return reader.Wrong("attention.layer_norm_rms_epsilon", absl::StrCat(eps), "above 0 and at most 0.01");
  }
  config.rms_norm_eps = static_cast<float>(eps);
  config.input_norm_eps = config.rms_norm_eps;
  config.rope_theta = kDefaultRopeTheta;
  if (reader.Has("rope.freq_base")) {
    ASSIGN_OR_RETURN(config.rope_theta, reader.Float("rope.freq_base"));
  }
  if (!(config.rope_theta > 0 && std::isfinite(config.rope_theta))) {
    return reader.Wrong("rope.freq_base", absl::StrCat(config.rope_theta), "a finite number above 0");
  }
  return absl::OkStatus();
}

// The embedding's rows are what counts; the key and the vocabulary must agree with them.
absl::Status ReadVocabSize(const ConfigReader& reader, const ModelFile& file, ModelConfig& config) {
  ASSIGN_OR_RETURN(const ModelTensor* embedding, file.GetTensor("token_embd.weight"));
  const std::span<const uint64_t> dims = embedding->dims;
  if (dims.size() != 2 || dims[0] != config.hidden_dim || dims[1] > kMaxDim) {
    return absl::DataLossError(absl::StrFormat(
        "%s: tensor 'token_embd.weight' has %d dimensions, the first of %d; 2 were wanted, %d by at most %d",
        file.path(), dims.size(), dims[0], config.hidden_dim, kMaxDim));
  }
  config.vocab_size = dims[1];
  if (reader.Has("vocab_size")) {
    ASSIGN_OR_RETURN(const size_t vocab_size, reader.Size("vocab_size", kMaxDim));
    if (vocab_size != config.vocab_size) {
      return reader.Wrong("vocab_size", absl::StrCat(vocab_size),
                          absl::StrFormat("the %d rows of 'token_embd.weight'", config.vocab_size));
    }
  }
  if (file.Has("tokenizer.ggml.tokens")) {
    ASSIGN_OR_RETURN(const auto tokens, file.GetStrings("tokenizer.ggml.tokens"));
    if (tokens.size() != config.vocab_size) {
      return absl::DataLossError(absl::StrFormat(
          "%s: key 'tokenizer.ggml.tokens' has %d tokens; the %d rows of 'token_embd.weight' were wanted",
          file.path(), tokens.size(), config.vocab_size));
    }
  }
  return absl::OkStatus();
}

absl::Status ApplyArchitecture(const ModelFile& file, ModelConfig& config) {
  const Architecture* architecture = FindArchitecture(config.architecture);
  if (architecture == nullptr) {
    const auto add_name = [](std::string* out, const Architecture& a) { out->append(a.name); };
    return absl::UnimplementedError(absl::StrFormat("%s: the model's architecture is '%s'; known are %s",
                                                    file.path(), config.architecture,
                                                    absl::StrJoin(Architectures(), ", ", add_name)));
  }
  config.ffn_activation = architecture->ffn;
  config.rope_pairs = architecture->rope;
  config.has_sub_norms = architecture->sub_norms;
  config.has_query_key_norms = architecture->query_key_norms;
  config.head_is_embedding = architecture->head_is_embedding;
  config.activations =
      architecture->trained_quantised ? ActivationPolicy::kInt8Token : ActivationPolicy::kByTensor;
  return absl::OkStatus();
}

// Scaling by a tensor of factors (rope_freqs.weight) is not said here but by the tensor.
absl::Status ReadRopeScaling(const ConfigReader& reader, const ModelFile& file, ModelConfig& config) {
  if (!reader.Has("rope.scaling.type")) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::string type, file.GetString(reader.Key("rope.scaling.type")));
  if (type == "none") {
    return absl::OkStatus();
  }
  if (type != "linear" && type != "yarn") {
    return absl::UnimplementedError(absl::StrFormat("%s: key '%s' is '%s'; known are none, linear, yarn",
                                                    file.path(), reader.Key("rope.scaling.type"), type));
  }
  RopeScaling& scaling = config.rope_scaling;
  scaling.kind = type == "linear" ? RopeScaling::Kind::kLinear : RopeScaling::Kind::kYarn;
  ASSIGN_OR_RETURN(scaling.factor, reader.Float("rope.scaling.factor"));
  if (!(scaling.factor >= 1 && scaling.factor <= 1e4)) {
    return reader.Wrong("rope.scaling.factor", absl::StrCat(scaling.factor), "1 to 10000");
  }
  scaling.original_context = static_cast<double>(config.max_seq_len);
  if (reader.Has("rope.scaling.original_context_length")) {
    ASSIGN_OR_RETURN(scaling.original_context, reader.Size("rope.scaling.original_context_length", kMaxDim));
  }
  return absl::OkStatus();
}

// By the numbers of llama.cpp's enum llama_pooling_type.
absl::Status ReadPooling(const ConfigReader& reader, const ModelFile& file, ModelConfig& config) {
  constexpr uint64_t kMeanType = 1;
  if (reader.Has("pooling_type")) {
    ASSIGN_OR_RETURN(const uint64_t type, file.GetUint(reader.Key("pooling_type")));
    config.pooling = type == kMeanType ? Pooling::kMean : Pooling::kLast;
  }
  return absl::OkStatus();
}

absl::Status ReadActivations(const ModelFile& file, ModelConfig& config) {
  constexpr std::string_view kEpsilonKey = "bitnet.input_norm_rms_epsilon";
  if (file.Has(kEpsilonKey)) {
    ASSIGN_OR_RETURN(const double eps, file.GetFloat(kEpsilonKey));
    if (!(eps > 0 && eps <= 1e-2)) {
      return absl::DataLossError(absl::StrFormat("%s: key '%s' is %g; above 0 and at most 0.01 was wanted",
                                                 file.path(), kEpsilonKey, eps));
    }
    config.input_norm_eps = static_cast<float>(eps);
  }
  constexpr std::string_view kActivationsKey = "bitnet.activations";
  if (!file.Has(kActivationsKey)) {
    return absl::OkStatus();
  }
  constexpr std::pair<std::string_view, ActivationPolicy> kPolicies[] = {
      {"int8_token", ActivationPolicy::kInt8Token}, {"int8_group", ActivationPolicy::kInt8Group},
      {"binary", ActivationPolicy::kBinary},        {"ternary", ActivationPolicy::kTernary},
      {"bf16", ActivationPolicy::kBFloat16},
  };
  ASSIGN_OR_RETURN(const std::string name, file.GetString(kActivationsKey));
  const auto* found =
      std::ranges::find(kPolicies, name, &std::pair<std::string_view, ActivationPolicy>::first);
  if (found == std::end(kPolicies)) {
    return absl::DataLossError(
        absl::StrFormat("%s: key '%s' is '%s'; int8_token, int8_group, binary, ternary or bf16 was wanted",
                        file.path(), kActivationsKey, name));
  }
  config.activations = found->second;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ModelConfig> ReadModelConfig(const ModelFile& file) {
  ModelConfig config;
  ASSIGN_OR_RETURN(config.architecture, file.GetString("general.architecture"));
  RETURN_IF_ERROR(ApplyArchitecture(file, config));
  if (file.Has("general.name")) {
    ASSIGN_OR_RETURN(config.name, file.GetString("general.name"));
  }
  const ConfigReader reader(file, config.architecture);
  ASSIGN_OR_RETURN(config.num_layers, reader.Size("block_count", kMaxLayers));
  ASSIGN_OR_RETURN(config.max_seq_len, reader.Size("context_length", kMaxDim));
  ASSIGN_OR_RETURN(config.hidden_dim, reader.Size("embedding_length", kMaxDim));
  ASSIGN_OR_RETURN(config.ffn_dim, reader.Size("feed_forward_length", kMaxDim));
  RETURN_IF_ERROR(ReadHeads(reader, config));
  RETURN_IF_ERROR(ReadConstants(reader, config));
  RETURN_IF_ERROR(ReadRopeScaling(reader, file, config));
  RETURN_IF_ERROR(ReadActivations(file, config));
  RETURN_IF_ERROR(ReadPooling(reader, file, config));
  RETURN_IF_ERROR(ReadVocabSize(reader, file, config));
  return config;
}

}  // namespace bitnet
