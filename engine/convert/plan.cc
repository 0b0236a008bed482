#include "engine/convert/plan.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/convert/pack_plan.h"
#include "engine/model/ggml_type.h"
#include "engine/model/gguf_keys.h"
#include "engine/weights/packed_format.h"

namespace bitnet {
namespace {

bool IsFloat(GgmlType type) {
  return type == GgmlType::kF32 || type == GgmlType::kF16 || type == GgmlType::kBF16;
}

std::string What(const TensorFacts& facts) { return absl::StrCat("tensor ", QuoteName(facts.name)); }

// The plan with its size, if rows of the type's blocks are of that length.
absl::StatusOr<TensorPlan> AsType(const TensorFacts& facts, GgmlType type, std::string why) {
  TensorPlan plan = {.name = facts.name,
                     .from = facts.type,
                     .to = type,
                     .copy = type == facts.type && facts.as_stored,
                     .bytes = facts.bytes,
                     .rows = facts.rows,
                     .k = facts.k,
                     .why = std::move(why)};
  if (plan.copy) {
    return plan;
  }
  const std::optional<GgmlDivisors> divisors = FindGgmlDivisors(type);
  const std::optional<uint64_t> bytes =
      divisors && facts.k % divisors->k == 0 && facts.rows % divisors->rows == 0
          ? GgmlTensorBytes(type, facts.rows, facts.k)
          : std::nullopt;
  if (!bytes) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s, %d rows of %d, does not fit type %s, whose rows are multiples of %d; another --outtype would do",
        What(facts), facts.rows, facts.k, GgmlTypeName(type), divisors ? divisors->k : 0));
  }
  plan.bytes = *bytes;
  return plan;
}

absl::StatusOr<TensorPlan> PlanVector(const TensorFacts& facts) {
  if (!IsFloat(facts.type)) {
    return absl::UnimplementedError(absl::StrFormat("%s is a vector of type %s; F32, F16 and BF16 are known",
                                                    What(facts), GgmlTypeName(facts.type)));
  }
  return AsType(facts, GgmlType::kF32, "vectors are small");
}

absl::StatusOr<TensorPlan> PlanEmbedding(const TensorFacts& facts, const ConvertOptions& options) {
  if (options.embedding_type) {
    return AsType(facts, *options.embedding_type, "as --embedding-type says");
  }
  if (IsFloat(facts.type)) {
    return AsType(facts, GgmlType::kF16, "floats in half precision");
  }
  return AsType(facts, facts.type, "as it was");
}

// The interchange type of a matrix that holds codes, when none was asked for.
GgmlType TypeOfCodes(const TensorFacts& facts) {
  const bool readable_by_others =
      facts.type != GgmlType::kHfTernary && !IsFloat(facts.type) && !IsPacked(facts.type);
  // Nobody else has a type for Q1_K's floating-point scales of rows.
  if (readable_by_others || facts.type == GgmlType::kQ1K) {
    return facts.type;
  }
  if (facts.uniform && facts.k % 128 == 0) {
    return GgmlType::kI2S;
  }
  if (facts.codes == CodeRange::kBinary && facts.group % 128 == 0) {
    return GgmlType::kQ1_0;
  }
  return facts.group % 256 == 0 ? GgmlType::kTQ2_0 : facts.group % 64 == 0 ? GgmlType::kQ2_0 : GgmlType::kF16;
}

// Whether the type has a scale for every group of the source's that has one of its own. What codes it can
// hold, the encoder finds out.
absl::Status CheckGroups(const TensorFacts& facts, GgmlType type) {
  size_t group = 1;
  switch (type) {
    case GgmlType::kI2S:
      group = facts.rows * facts.k + 1;  // One for all.
      break;
    case GgmlType::kTQ1_0:
    case GgmlType::kTQ2_0:
      group = 256;
      break;
    case GgmlType::kQ1_0:
      group = 128;
      break;
    case GgmlType::kQ2_0:
      group = 64;
      break;
    default:
      break;
  }
  if (facts.uniform || facts.group % group == 0) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("%s has scales of its own for groups of %d weights; %s has %s", What(facts),
                      facts.group, GgmlTypeName(type),
                      type == GgmlType::kI2S ? "one for all" : absl::StrFormat("one for each %d", group)));
}

absl::StatusOr<TensorPlan> PlanUnpacked(const TensorFacts& facts, const ConvertOptions& options) {
  if (facts.codes == CodeRange::kNone) {
    if (!IsFloat(facts.type) && !options.outtype) {
      return AsType(facts, facts.type, "as it was");
    }
    return AsType(facts, GgmlType::kF16,
                  options.outtype == GgmlType::kF16 ? "as --outtype says" : "neither ternary nor binary");
  }
  if (options.outtype) {
    RETURN_IF_ERROR(CheckGroups(facts, *options.outtype));
    const bool floats = IsFloat(facts.type) && facts.as_stored;
    if (floats && *options.outtype == GgmlType::kQ1_0 && facts.codes != CodeRange::kBinary) {
      return absl::InvalidArgumentError(absl::StrFormat("%s has weights that are 0; %s has none", What(facts),
                                                        GgmlTypeName(GgmlType::kQ1_0)));
    }
    return AsType(facts, *options.outtype, "as --outtype says");
  }
  const GgmlType type = TypeOfCodes(facts);
  return AsType(facts, type, type == facts.type ? "as it was" : "the usual type of such weights");
}

std::optional<uint64_t> FileType(std::span<const TensorPlan> plans) {
  // Numbers of llama.cpp's list of file types, and of Microsoft's where it has its own.
  constexpr std::pair<GgmlType, uint64_t> kFileTypes[] = {{GgmlType::kI2S, 40},   {GgmlType::kTQ1_0, 36},
                                                          {GgmlType::kTQ2_0, 37}, {GgmlType::kQ1_0, 40},
                                                          {GgmlType::kQ2_0, 41},  {GgmlType::kF16, 1}};
  uint64_t most_bytes = 0;
  std::optional<uint64_t> file_type;
  for (const auto& [type, number] : kFileTypes) {
    uint64_t weights = 0;
    for (const TensorPlan& plan : plans) {
      const bool in_layer = plan.name.starts_with("blk.");
      weights += plan.to == type && in_layer ? static_cast<uint64_t>(plan.rows) * plan.k : 0;
    }
    if (weights > most_bytes) {
      most_bytes = weights;
      file_type = number;
    }
  }
  return file_type;
}

}  // namespace

absl::StatusOr<std::vector<TensorPlan>> PlanConversion(std::span<const TensorFacts> facts,
                                                       const ConvertOptions& options,
                                                       ActivationPolicy activations,
                                                       const ChipProperties& chip) {
  std::vector<TensorPlan> plans;
  plans.reserve(facts.size());
  for (const TensorFacts& f : facts) {
    absl::StatusOr<TensorPlan> plan;
    // A packed output head is a matrix like any other; an embedding is looked up by rows.
    const bool embedding = f.embedding && (f.codes == CodeRange::kNone || f.name == "token_embd.weight" ||
                                           options.embedding_type);
    if (f.dimensions < 2) {
      plan = PlanVector(f);
    } else if (embedding) {
      plan = PlanEmbedding(f, options);
    } else if (options.pack == PackMode::kNone) {
      plan = PlanUnpacked(f, options);
    } else if (f.codes == CodeRange::kNone) {
      plan = AsType(f, IsFloat(f.type) ? GgmlType::kF16 : f.type, "neither ternary nor binary");
    } else {
      plan = PlanPacked(f, options, activations, chip);
    }
    RETURN_IF_ERROR(plan.status());
    plan->source = plans.size();
    plans.push_back(*std::move(plan));
  }
  return plans;
}

void PlanPackedHead(std::span<const TensorFacts> facts, const ConvertOptions& options, bool tied,
                    std::vector<TensorPlan>& plans) {
  constexpr char kHead[] = "output.weight";
  const auto own = std::ranges::find(facts, kHead, &TensorFacts::name);
  const auto head = tied ? std::ranges::find(facts, "token_embd.weight", &TensorFacts::name) : own;
  const bool can = options.pack != PackMode::kNone && !options.embedding_type && head != facts.end() &&
                   head->codes == CodeRange::kNone && QuantizesHead(options.head, head->rows, head->k);
  // A head of its own that a model with a tied one does not use would have to give up its name.
  if (!can || (tied && own != facts.end())) {
    return;
  }
  const TensorPlan plan = {.name = kHead,
                           .source = static_cast<size_t>(head - facts.begin()),
                           .from = head->type,
                           .to = GgmlType::kPackedInt6,
                           .bytes = GgmlTensorBytes(GgmlType::kPackedInt6, head->rows, head->k).value(),
                           .rows = head->rows,
                           .k = head->k,
                           .why = "6 bits and scales of 16, as precise as Q6_K"};
  if (tied) {
    plans.push_back(plan);
  } else {
    plans[plan.source] = plan;
  }
}

ModelKeys PlanKeys(const ModelFile& file, std::span<const TensorFacts> facts,
                   std::span<const TensorPlan> plans, ActivationPolicy activations) {
  ModelKeys keys = file.keys();
  keys.erase("general.alignment");  // The writer says its own.
  keys.erase("general.file_type");
  if (const std::optional<uint64_t> file_type = FileType(plans)) {
    keys["general.file_type"] = *file_type;
  }
  keys.try_emplace("general.quantization_version", uint64_t{2});
  // A type with one scale says that its activations have one per token; the new type may not.
  if (activations == ActivationPolicy::kByTensor &&
      std::ranges::any_of(facts, [](const TensorFacts& f) { return f.tensor_scale; })) {
    keys["bitnet.activations"] = std::string("int8_token");
  }
  return keys;
}

}  // namespace bitnet
