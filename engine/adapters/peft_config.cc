#include "engine/adapters/peft_config.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/adapters/module_pattern.h"
#include "engine/huggingface/json_fields.h"
#include "engine/model/gguf_keys.h"

namespace bitnet {
namespace {

constexpr int kMaxDepth = 16;

struct Variant {
  std::string_view key;
  std::string_view what;
};

// Keys that, unless null, false or empty, make the adapter something else than a sum of low-rank products.
constexpr Variant kVariants[] = {
    {"use_dora", "DoRA"},
    {"modules_to_save", "retrained modules"},
    {"lora_bias", "biases"},
    {"alora_invocation_tokens", "activated LoRA"},
    {"use_qalora", "QALoRA"},
    {"use_bdlora", "block-diagonal LoRA"},
    {"arrow_config", "Arrow routing"},
    {"kasa_config", "KaSA"},
    {"monteclora_config", "MonteCLoRA"},
    {"layer_replication", "replicated layers"},
    {"trainable_token_indices", "retrained tokens"},
    {"target_parameters", "adapted parameters that are no modules"},
};

// Ways to begin the training that leave the base model as it is. With others, such as "pissa", the adapter
// belongs to a base model that was changed too.
constexpr std::string_view kHarmlessInits[] = {"gaussian", "eva", "orthogonal"};

bool IsUnset(const nlohmann::json& value) {
  return value.is_null() || (value.is_boolean() && !value.get<bool>()) ||
         (value.is_structured() && value.empty());
}

absl::Status CheckVariants(const JsonFields& fields) {
  ASSIGN_OR_RETURN(const std::string type, fields.String("peft_type"));
  if (type != "LORA") {
    return absl::UnimplementedError(
        absl::StrFormat("%s: 'peft_type' is %s; only 'LORA' is read", fields.where(), QuoteName(type)));
  }
  for (const Variant& variant : kVariants) {
    const nlohmann::json* value = fields.Find(variant.key);
    if (value != nullptr && !IsUnset(*value)) {
      return absl::UnimplementedError(
          absl::StrFormat("%s: '%s' is set: %s cannot be run", fields.where(), variant.key, variant.what));
    }
  }
  ASSIGN_OR_RETURN(const std::string bias, fields.String("bias", "none"));
  if (bias != "none") {
    return absl::UnimplementedError(
        absl::StrFormat("%s: 'bias' is %s; only 'none' is read", fields.where(), QuoteName(bias)));
  }
  return absl::OkStatus();
}

absl::Status CheckInit(const JsonFields& fields) {
  const nlohmann::json* value = fields.Find("init_lora_weights");
  if (value == nullptr || value->is_boolean()) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::string init, fields.String("init_lora_weights"));
  if (std::ranges::find(kHarmlessInits, init) == std::end(kHarmlessInits)) {
    return absl::UnimplementedError(
        absl::StrFormat("%s: 'init_lora_weights' is %s: an adapter to a base model that is changed by it "
                        "cannot be run",
                        fields.where(), QuoteName(init)));
  }
  return absl::OkStatus();
}

// So many bounded matches for each of some thousand modules take seconds at most.
constexpr size_t kMaxExpressions = 64;

// The items of an object of numbers, or none if it is absent. Calls add(key, fields).
template <typename Add>
absl::Status ForEachPattern(const JsonFields& fields, std::string_view key, Add add) {
  const nlohmann::json* object = fields.Find(key);
  if (object == nullptr) {
    return absl::OkStatus();
  }
  if (!object->is_object()) {
    return fields.Wrong(key, "an object of numbers");
  }
  const auto expressions =
      std::ranges::count_if(object->items(), [](const auto& item) { return IsExpression(item.key()); });
  if (static_cast<size_t>(expressions) > kMaxExpressions) {
    return fields.Wrong(key,
                        absl::StrFormat("an object with at most %d regular expressions", kMaxExpressions));
  }
  const JsonFields items(absl::StrCat(fields.where(), ": '", std::string(key), "'"), *object);
  for (const auto& item : object->items()) {
    RETURN_IF_ERROR(add(item.key(), items));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<uint64_t> PeftConfig::RankOf(std::string_view module) const {
  for (const RankException& exception : rank_pattern) {
    ASSIGN_OR_RETURN(const bool matches, MatchesModule(exception.pattern, module));
    if (matches) {
      return exception.rank;
    }
  }
  return rank;
}

absl::StatusOr<double> PeftConfig::ScaleOf(std::string_view module) const {
  ASSIGN_OR_RETURN(const uint64_t module_rank, RankOf(module));
  const auto divisor = static_cast<double>(module_rank);
  double module_alpha = alpha;
  for (const AlphaException& exception : alpha_pattern) {
    ASSIGN_OR_RETURN(const bool matches, MatchesModule(exception.pattern, module));
    if (matches) {
      module_alpha = exception.alpha;
      break;
    }
  }
  return module_alpha / (use_rslora ? std::sqrt(divisor) : divisor);
}

absl::StatusOr<PeftConfig> ReadPeftConfig(std::span<const uint8_t> json, const std::string& path) {
  ASSIGN_OR_RETURN(const nlohmann::json object, ParseJsonObject(json, path, kMaxDepth));
  const JsonFields fields(path, object);
  RETURN_IF_ERROR(CheckVariants(fields));
  RETURN_IF_ERROR(CheckInit(fields));
  PeftConfig config;
  ASSIGN_OR_RETURN(config.rank, fields.Uint("r"));
  if (config.rank == 0) {
    return fields.Wrong("r", "a whole number of 1 or more");
  }
  ASSIGN_OR_RETURN(config.alpha, fields.Float("lora_alpha"));
  ASSIGN_OR_RETURN(config.use_rslora, fields.Bool("use_rslora", false));
  RETURN_IF_ERROR(
      ForEachPattern(fields, "rank_pattern", [&](const std::string& key, const JsonFields& items) {
        ASSIGN_OR_RETURN(const uint64_t rank, items.Uint(key));
        config.rank_pattern.push_back({key, rank});
        return rank == 0 ? items.Wrong(key, "a whole number of 1 or more") : absl::OkStatus();
      }));
  RETURN_IF_ERROR(
      ForEachPattern(fields, "alpha_pattern", [&](const std::string& key, const JsonFields& items) {
        ASSIGN_OR_RETURN(const double alpha, items.Float(key));
        config.alpha_pattern.push_back({key, alpha});
        return absl::OkStatus();
      }));
  return config;
}

}  // namespace bitnet
