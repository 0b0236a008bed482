#include "engine/weights/matrix_plan.h"

#include <atomic>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"
#include "engine/formats/float_round.h"
#include "engine/formats/int6_tiles.h"
#include "engine/weights/half.h"
#include "engine/weights/packed_format.h"
#include "engine/weights/tensor_reader.h"
#include "kernels/int6_gemm/int6_gemm.h"

namespace bitnet {
namespace {

// Groups of activations where the weights of a long row share a scale: as long as those of the types with
// groups.
constexpr size_t kLongestGroup = 256;
constexpr size_t kDefaultGroup = 128;

bool IsFloat(GgmlType type) {
  return type == GgmlType::kF32 || type == GgmlType::kF16 || type == GgmlType::kBF16;
}

MatrixLayout LayoutOf(GgmlType packed) {
  switch (packed) {
    case GgmlType::kPacked2Bit:
      return MatrixLayout::kTernary2Bit;
    case GgmlType::kPackedBase3:
      return MatrixLayout::kTernaryBase3;
    case GgmlType::kPackedGrouped1Bit:
      return MatrixLayout::kGrouped1Bit;
    case GgmlType::kPackedGrouped2Bit:
      return MatrixLayout::kGrouped2Bit;
    case GgmlType::kQ1K:
      return MatrixLayout::kSign;
    case GgmlType::kF16:
      return MatrixLayout::kFloat16;
    case GgmlType::kBF16:
      return MatrixLayout::kBFloat16;
    default:
      return MatrixLayout::kFloat32;
  }
}

size_t ElementBytes(MatrixLayout layout) { return layout == MatrixLayout::kFloat32 ? 4 : 2; }

bool AllFinite(const Matrix& matrix, ThreadPool& pool) {
  std::atomic<bool> finite = true;
  pool.ParallelFor(matrix.rows, [&](size_t begin, size_t end) {
    const size_t first = begin * matrix.k;
    const size_t last = end * matrix.k;
    bool all = true;
    if (matrix.layout == MatrixLayout::kFloat32) {
      const auto* values = reinterpret_cast<const float*>(matrix.codes);
      for (size_t i = first; i < last; ++i) all &= std::isfinite(values[i]);
    } else {
      // The exponents' bits: all ones in infinities and NaN.
      const uint16_t mask = matrix.layout == MatrixLayout::kFloat16 ? 0x7c00 : 0x7f80;
      const auto* values = reinterpret_cast<const uint16_t*>(matrix.codes);
      for (size_t i = first; i < last; ++i) all &= (values[i] & mask) != mask;
    }
    if (!all) {
      finite = false;
    }
  });
  return finite;
}

// Decodes every row to halves or floats.
bool DecodeRows(const RowDecoder& decoder, MatrixLayout layout, ThreadPool& pool, uint8_t* memory) {
  std::atomic<bool> valid = true;
  pool.ParallelFor(decoder.rows(), [&](size_t begin, size_t end) {
    const size_t k = decoder.k();
    std::vector<float> row(k);
    bool all = true;
    for (size_t r = begin; r < end; ++r) {
      all &= decoder.Floats(r, row.data());
      if (layout == MatrixLayout::kFloat32) {
        std::memcpy(memory + r * k * 4, row.data(), k * 4);
        continue;
      }
      auto* halves = reinterpret_cast<uint16_t*>(memory) + r * k;
      for (size_t i = 0; i < k; ++i) {
        halves[i] = FloatToHalf(row[i]);
        all &= IsFiniteHalf(halves[i]);
      }
    }
    if (!all) {
      valid = false;
    }
  });
  return valid;
}

bool EncodeInt6(const RowDecoder& decoder, ThreadPool& pool, std::span<uint8_t> memory) {
  std::atomic<bool> valid = true;
  pool.ParallelFor(decoder.rows(), [&](size_t begin, size_t end) {
    if (!EncodeInt6Rows(decoder, begin, end, memory)) {
      valid = false;
    }
  });
  FinishInt6Tensor(decoder.rows(), decoder.k(), memory);
  return valid;
}

}  // namespace

absl::StatusOr<MatrixPlan> MatrixPlanner::Plan(const std::string& name, uint64_t rows, uint64_t k) const {
  MatrixPlan plan;
  ASSIGN_OR_RETURN(plan.tensor_, FindTensor(file_, name, {k, rows}));
  plan.name_ = absl::StrCat(file_.path(), ": tensor ", name);
  plan.matrix_.rows = rows;
  plan.matrix_.k = k;
  RETURN_IF_ERROR(ApplyScaleTensor(name, plan));
  if (IsPacked(plan.tensor_->type) && !options_.float_activations) {
    RETURN_IF_ERROR(PlanPacked(plan));
    return plan;
  }
  ASSIGN_OR_RETURN(RowDecoder decoder, RowDecoder::Create(*plan.tensor_, options_.i2s_layout));
  if (decoder.codes() == CodeRange::kNone || options_.float_activations) {
    RETURN_IF_ERROR(PlanFloats(decoder, plan));
  } else {
    RETURN_IF_ERROR(PlanCodes(decoder, plan));
  }
  if (plan.bytes_ > 0) {
    plan.decoder_ = std::make_shared<const RowDecoder>(std::move(decoder));
  }
  return plan;
}

absl::StatusOr<MatrixPlan> MatrixPlanner::PlanHead(const std::string& name, uint64_t rows, uint64_t k,
                                                   HeadFormat format) const {
  ASSIGN_OR_RETURN(MatrixPlan plan, Plan(name, rows, k));
  const bool floats = plan.matrix_.activations == ActivationFormat::kFloat && !options_.float_activations;
  if (!floats || !QuantizesHead(format, rows, k)) {
    return plan;
  }
  ASSIGN_OR_RETURN(RowDecoder decoder, RowDecoder::Create(*plan.tensor_, options_.i2s_layout));
  plan.decoder_ = std::make_shared<const RowDecoder>(std::move(decoder));
  plan.packed_ = GgmlType::kPackedInt6;
  plan.matrix_.layout = MatrixLayout::kInt6;
  plan.matrix_.activations = ActivationFormat::kInt8Token;
  plan.matrix_.group = kInt6Group;
  plan.bytes_ = PackedBytes(plan.packed_, rows, k, 0);
  return plan;
}

// llama.cpp's files of architecture "bitnet" may have the scale of a matrix beside it.
absl::Status MatrixPlanner::ApplyScaleTensor(const std::string& name, MatrixPlan& plan) const {
  const std::string scale_name = absl::StrCat(std::string(absl::StripSuffix(name, ".weight")), ".scale");
  if (file_.GetTensor(scale_name).ok()) {
    ASSIGN_OR_RETURN(const std::vector<float> scale, ReadFloats(file_, scale_name, 1));
    plan.matrix_.scale = scale[0];
  }
  return absl::OkStatus();
}

absl::Status MatrixPlanner::StayInFile(MatrixLayout layout, MatrixPlan& plan) const {
  plan.matrix_.layout = layout;
  plan.matrix_.codes = plan.tensor_->data.data();
  plan.bytes_ = 0;
  return absl::OkStatus();
}

absl::Status MatrixPlanner::PlanFloats(const RowDecoder& decoder, MatrixPlan& plan) const {
  plan.matrix_.activations = ActivationFormat::kFloat;
  const GgmlType type = plan.tensor_->type;
  const bool as_stored = IsFloat(type) && plan.tensor_->rope_heads == 0 && !plan.tensor_->quantize_absmean;
  const bool aligned =
      as_stored && reinterpret_cast<uintptr_t>(plan.tensor_->data.data()) % ElementBytes(LayoutOf(type)) == 0;
  if (as_stored && aligned) {
    return StayInFile(LayoutOf(type), plan);
  }
  // What has more than two bits a weight keeps 11 significant ones in half precision; codes are to be exact.
  const bool exact = IsFloat(type) ? type != GgmlType::kF16 : decoder.codes() != CodeRange::kNone;
  plan.packed_ = exact ? GgmlType::kF32 : GgmlType::kF16;
  plan.matrix_.layout = LayoutOf(plan.packed_);
  plan.bytes_ = decoder.rows() * decoder.k() * ElementBytes(plan.matrix_.layout);
  return absl::OkStatus();
}

absl::Status MatrixPlanner::PlanCodes(const RowDecoder& decoder, MatrixPlan& plan) const {
  UniformScale found;
  const bool wants_token = config_.activations == ActivationPolicy::kInt8Token ||
                           (config_.activations == ActivationPolicy::kByTensor && decoder.has_tensor_scale());
  const bool wants_group = config_.activations == ActivationPolicy::kInt8Group ||
                           config_.activations == ActivationPolicy::kByTensor;
  if (!wants_token && !wants_group) {
    return absl::UnimplementedError(absl::StrFormat(
        "%s has type %s; with the model's activations (key 'bitnet.activations') only Q1_K is supported",
        plan.name_, std::string(GgmlTypeName(plan.tensor_->type))));
  }
  if (wants_token && decoder.codes() != CodeRange::kQuaternary) {
    absl::StatusOr<UniformScale> scale = FindUniformScale(decoder, pool_);
    if (!scale.ok()) {
      return absl::Status(scale.status().code(), absl::StrCat(plan.name_, " ", scale.status().message()));
    }
    found = *scale;
  }
  size_t group = 0;
  if (found.uniform) {
    plan.packed_ = GgmlType::kPacked2Bit;
    plan.matrix_.scale *= found.scale;
    plan.matrix_.activations = ActivationFormat::kInt8Token;
  } else {
    plan.packed_ =
        decoder.codes() == CodeRange::kBinary ? GgmlType::kPackedGrouped1Bit : GgmlType::kPackedGrouped2Bit;
    group = decoder.group_weights();
    if (group > kLongestGroup && decoder.k() % kDefaultGroup == 0) {
      group = kDefaultGroup;
    }
    plan.matrix_.activations = ActivationFormat::kInt8Group;
  }
  if (const absl::Status status = CheckPackable(decoder, plan.packed_, group); !status.ok()) {
    return absl::Status(status.code(), absl::StrCat(plan.name_, " ", status.message()));
  }
  plan.matrix_.layout = LayoutOf(plan.packed_);
  plan.matrix_.group = group;
  plan.bytes_ = PackedBytes(plan.packed_, decoder.rows(), decoder.k(), group);
  return absl::OkStatus();
}

absl::Status MatrixPlanner::PlanPacked(MatrixPlan& plan) const {
  absl::StatusOr<Matrix> matrix = ParsePacked(*plan.tensor_);
  if (!matrix.ok()) {
    return absl::Status(matrix.status().code(), absl::StrCat(file_.path(), ": ", matrix.status().message()));
  }
  const float beside = plan.matrix_.scale;
  plan.matrix_ = *matrix;
  plan.matrix_.scale *= beside;
  switch (plan.matrix_.layout) {
    case MatrixLayout::kGrouped1Bit:
    case MatrixLayout::kGrouped2Bit:
      plan.matrix_.activations = ActivationFormat::kInt8Group;
      break;
    case MatrixLayout::kInt6:
      plan.matrix_.activations = ActivationFormat::kInt8Token;
      plan.matrix_.group = kInt6Group;
      break;
    case MatrixLayout::kSign: {
      ASSIGN_OR_RETURN(plan.matrix_.activations, SignActivations(plan));
      break;
    }
    default:
      plan.matrix_.activations = ActivationFormat::kInt8Token;
  }
  return absl::OkStatus();
}

absl::StatusOr<ActivationFormat> MatrixPlanner::SignActivations(const MatrixPlan& plan) const {
  switch (config_.activations) {
    case ActivationPolicy::kBinary:
      return ActivationFormat::kBinary;
    case ActivationPolicy::kTernary:
      return ActivationFormat::kTernary;
    case ActivationPolicy::kBFloat16:
      return ActivationFormat::kBFloat16;
    default:
      return absl::UnimplementedError(
          absl::StrFormat("%s has type Q1_K, which goes with binary, ternary or bf16 activations; the key "
                          "'bitnet.activations' says none of these",
                          plan.name_));
  }
}

absl::StatusOr<Matrix> LoadMatrix(const MatrixPlan& plan, uint8_t* memory, ThreadPool& pool) {
  Matrix matrix = plan.matrix_;
  if (plan.bytes_ == 0) {
    if (matrix.activations == ActivationFormat::kFloat && !AllFinite(matrix, pool)) {
      return absl::DataLossError(absl::StrCat(plan.name_, " holds a value that is not finite"));
    }
    return matrix;
  }
  matrix.codes = memory;
  if (!IsPacked(plan.packed_)) {
    if (!DecodeRows(*plan.decoder_, matrix.layout, pool, memory)) {
      return absl::DataLossError(absl::StrCat(plan.name_, " holds a value that is not finite, or no weight"));
    }
    return matrix;
  }
  const std::span<uint8_t> out(memory, plan.bytes_);
  if (plan.packed_ == GgmlType::kPackedInt6) {
    if (!EncodeInt6(*plan.decoder_, pool, out)) {
      return absl::DataLossError(absl::StrCat(plan.name_, " holds a value that is not finite, or no weight"));
    }
    matrix.scales = memory + PackedScalesOffset(plan.packed_, matrix.rows, matrix.k);
    return matrix;
  }
  if (const absl::Status status =
          PackMatrix(*plan.decoder_, plan.packed_, matrix.group, matrix.scale, pool, out);
      !status.ok()) {
    return absl::Status(status.code(), absl::StrCat(plan.name_, " ", status.message()));
  }
  matrix.scales = memory + PackedScalesOffset(plan.packed_, matrix.rows, matrix.k);
  return matrix;
}

}  // namespace bitnet
