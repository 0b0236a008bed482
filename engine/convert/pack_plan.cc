#include "engine/convert/pack_plan.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/model/gguf_keys.h"
#include "engine/weights/packed_format.h"

namespace bitnet {
namespace {

// Base 3 has to be worth it: predictions are not that exact.
constexpr double kMargin = 1.03;
// Activations of rows with one scale of their own are still grouped by this many.
constexpr size_t kDefaultGroup = 128;
constexpr size_t kGroupMultiple1Bit = 32;
constexpr size_t kGroupMultiple2Bit = 16;

std::string What(const TensorFacts& facts) { return absl::StrCat("tensor ", QuoteName(facts.name)); }

absl::Status Refuse(const TensorFacts& facts, std::string_view mode, std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrFormat("%s cannot be packed with --pack-mode=%s: %s; auto would do", What(facts), mode, why));
}

absl::StatusOr<TensorPlan> As(const TensorFacts& facts, GgmlType type, size_t group, std::string why) {
  TensorPlan plan = {.name = facts.name,
                     .from = facts.type,
                     .to = type,
                     .packed = true,
                     .group = group,
                     .rows = facts.rows,
                     .k = facts.k,
                     .why = std::move(why)};
  const size_t multiple = type == GgmlType::kPackedBase3         ? 1
                          : type == GgmlType::kPackedGrouped1Bit ? kGroupMultiple1Bit
                                                                 : kGroupMultiple2Bit;
  const size_t length = group == 0 ? facts.k : group;
  if (length % multiple != 0 || facts.k % length != 0) {
    return absl::UnimplementedError(absl::StrFormat(
        "%s, rows of %d in groups of %d, does not fit any packed layout: multiples of %d were wanted",
        What(facts), facts.k, length, multiple));
  }
  plan.bytes = PackedBytes(type, facts.rows, facts.k, group);
  return plan;
}

// Packing reads codes; floats that hold some have to be encoded first.
absl::Status AddIntermediate(const TensorFacts& facts, TensorPlan& plan) {
  const bool floats =
      facts.type == GgmlType::kF32 || facts.type == GgmlType::kF16 || facts.type == GgmlType::kBF16;
  if (!floats || !facts.as_stored) {
    return absl::OkStatus();
  }
  if (plan.group == 0 && facts.k % 128 == 0) {
    plan.via = GgmlType::kI2S;
  } else if (facts.codes == CodeRange::kBinary && facts.group % 128 == 0) {
    plan.via = GgmlType::kQ1_0;
  } else if (facts.group % 128 == 0) {
    plan.via = GgmlType::kPQ2_0;
  } else if (facts.group % 64 == 0) {
    plan.via = GgmlType::kQ2_0;
  } else {
    return absl::UnimplementedError(
        absl::StrFormat("%s holds ternary weights as floats in groups of %d; only multiples of 64 are packed",
                        What(facts), facts.group));
  }
  return absl::OkStatus();
}

// A layout with one scale: which, and why.
absl::StatusOr<TensorPlan> PlanUniform(const TensorFacts& facts, PackMode mode, const ChipProperties& chip) {
  if (mode == PackMode::k1Bit && facts.codes != CodeRange::kBinary) {
    return Refuse(facts, "1bit", "it has weights that are 0");
  }
  if (mode == PackMode::kBase3) {
    return As(facts, GgmlType::kPackedBase3, 0, "as --pack-mode says");
  }
  if (mode == PackMode::k2Bit) {
    return As(facts, GgmlType::kPacked2Bit, 0, "as --pack-mode says");
  }
  ASSIGN_OR_RETURN(TensorPlan base3, As(facts, GgmlType::kPackedBase3, 0, ""));
  if (facts.k % kGroupMultiple2Bit != 0) {
    base3.why = "2 bits need rows of a multiple of 16";
    return base3;
  }
  ASSIGN_OR_RETURN(TensorPlan two_bit, As(facts, GgmlType::kPacked2Bit, 0, ""));
  const double ns_2bit = NanosecondsPerWeight(chip, two_bit.bits_per_weight(), chip.rate_2bit);
  const double ns_base3 = NanosecondsPerWeight(chip, base3.bits_per_weight(), chip.rate_base3);
  const bool choose_base3 = ns_base3 * kMargin < ns_2bit;
  TensorPlan& chosen = choose_base3 ? base3 : two_bit;
  const double ns = choose_base3 ? ns_base3 : ns_2bit;
  const bool memory_decides = ns * chip.bandwidth <= chosen.bits_per_weight() / 8 * kMargin;
  chosen.why = absl::StrFormat(
      "%s decides: %.1f ps a weight, %s %.1f", memory_decides ? "memory" : "unpacking", 1000 * ns,
      choose_base3 ? "2 bits" : "base 3", 1000 * (choose_base3 ? ns_2bit : ns_base3));
  return chosen;
}

absl::StatusOr<TensorPlan> PlanGrouped(const TensorFacts& facts, PackMode mode) {
  const size_t group = facts.group == facts.k && facts.k % kDefaultGroup == 0 ? kDefaultGroup : facts.group;
  if (mode == PackMode::kBase3) {
    return Refuse(facts, "base3", absl::StrFormat("it has a scale for every %d weights", facts.group));
  }
  const bool binary = facts.codes == CodeRange::kBinary;
  if (mode == PackMode::k1Bit && !binary) {
    return Refuse(facts, "1bit", "it has weights other than -1 and +1");
  }
  const std::string why = mode == PackMode::kAuto ? (binary ? "signs and group scales" : "group scales")
                                                  : std::string("as --pack-mode says");
  return binary && mode != PackMode::k2Bit ? As(facts, GgmlType::kPackedGrouped1Bit, group, why)
                                           : As(facts, GgmlType::kPackedGrouped2Bit, group, why);
}

}  // namespace

absl::StatusOr<TensorPlan> PlanPacked(const TensorFacts& facts, const ConvertOptions& options,
                                      ActivationPolicy activations, const ChipProperties& chip) {
  // Q1_K is a layout of its own kernels already, and so is what someone packed before.
  const bool keep = facts.type == GgmlType::kQ1K || (IsPacked(facts.type) && options.pack == PackMode::kAuto);
  if (keep) {
    return TensorPlan{.name = facts.name,
                      .from = facts.type,
                      .to = facts.type,
                      .copy = true,
                      .bytes = facts.bytes,
                      .rows = facts.rows,
                      .k = facts.k,
                      .why = "packed already"};
  }
  const bool token = activations == ActivationPolicy::kInt8Token ||
                     (activations == ActivationPolicy::kByTensor && facts.tensor_scale);
  const bool uniform = token && facts.uniform && facts.codes != CodeRange::kQuaternary &&
                       !(options.pack == PackMode::k1Bit && facts.codes == CodeRange::kBinary);
  ASSIGN_OR_RETURN(TensorPlan plan,
                   uniform ? PlanUniform(facts, options.pack, chip) : PlanGrouped(facts, options.pack));
  RETURN_IF_ERROR(AddIntermediate(facts, plan));
  return plan;
}

}  // namespace bitnet
