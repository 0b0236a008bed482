#include "engine/formats/check_tensor.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/model/ggml_type.h"
#include "engine/model/gguf_keys.h"
#include "engine/model/packed_footer.h"

namespace bitnet {
namespace {

bool IsPlainFloat(GgmlType type) {
  return type == GgmlType::kF32 || type == GgmlType::kF16 || type == GgmlType::kBF16;
}

absl::Status CheckDivisors(const ModelTensor& tensor, uint64_t rows, uint64_t k,
                           const GgmlDivisors& divisors) {
  if (k % divisors.k != 0) {
    return absl::UnimplementedError(absl::StrFormat(
        "%s has rows of %d weights; only multiples of %d are read", DescribeTensor(tensor), k, divisors.k));
  }
  if (rows % divisors.rows != 0) {
    return absl::UnimplementedError(absl::StrFormat("%s has %d rows; only multiples of %d are read",
                                                    DescribeTensor(tensor), rows, divisors.rows));
  }
  return absl::OkStatus();
}

absl::Status CheckBytes(const ModelTensor& tensor, uint64_t rows, uint64_t k, uint64_t bytes) {
  if (tensor.data.size() != bytes) {
    return absl::DataLossError(absl::StrFormat("%s has %d bytes; %d rows of %d weights need %d",
                                               DescribeTensor(tensor), tensor.data.size(), rows, k, bytes));
  }
  return absl::OkStatus();
}

absl::Status CheckFooter(const ModelTensor& tensor, uint64_t rows, uint64_t k) {
  if (tensor.data.size() < sizeof(PackedFooter)) {
    return absl::DataLossError(absl::StrFormat("%s has %d bytes, fewer than its footer",
                                               DescribeTensor(tensor), tensor.data.size()));
  }
  const PackedFooter footer = ReadPackedFooter(tensor.data);
  if (footer.version != kPackedVersion) {
    return absl::UnimplementedError(absl::StrFormat("%s is of version %d; only %d is read",
                                                    DescribeTensor(tensor), footer.version, kPackedVersion));
  }
  const bool grouped = IsGroupedPacked(tensor.type);
  const std::optional<uint64_t> bytes = GroupedPackedBytes(tensor.type, rows, k, footer.group);
  if (grouped ? !bytes.has_value() : footer.group != 0) {
    return absl::DataLossError(absl::StrFormat("%s has groups of %d in rows of %d weights",
                                               DescribeTensor(tensor), footer.group, k));
  }
  return grouped ? CheckBytes(tensor, rows, k, *bytes) : absl::OkStatus();
}

// What the readers of other containers add.
absl::Status CheckAdditions(const ModelTensor& tensor, uint64_t rows) {
  const uint64_t heads = tensor.rope_heads;
  if (heads != 0 && rows % (2 * heads) != 0) {
    return absl::DataLossError(absl::StrFormat("%s has %d rows, which are not %d heads of an even size",
                                               DescribeTensor(tensor), rows, heads));
  }
  if (tensor.quantize_absmean && !IsPlainFloat(tensor.type)) {
    return absl::UnimplementedError(
        absl::StrCat(DescribeTensor(tensor), " would be quantised a second time; only float weights are"));
  }
  return absl::OkStatus();
}

}  // namespace

std::string DescribeTensor(const ModelTensor& tensor) {
  return absl::StrCat("tensor ", QuoteName(tensor.name), " of type ", std::string(GgmlTypeName(tensor.type)));
}

absl::Status CheckTensor(const ModelTensor& tensor, const Format& format) {
  if (tensor.dims.empty() || tensor.num_elements() == 0) {
    return absl::DataLossError(absl::StrCat(DescribeTensor(tensor), " has no weights"));
  }
  const uint64_t k = tensor.dims[0];
  const uint64_t rows = tensor.num_elements() / k;
  RETURN_IF_ERROR(CheckDivisors(tensor, rows, k, FindGgmlDivisors(tensor.type).value()));
  RETURN_IF_ERROR(CheckDivisors(tensor, rows, k, {.k = format.k_multiple, .rows = format.rows_multiple}));
  if (const auto bytes = GgmlTensorBytes(tensor.type, rows, k); bytes.has_value()) {
    RETURN_IF_ERROR(CheckBytes(tensor, rows, k, *bytes));
  }
  if (HasPackedFooter(tensor.type)) {
    RETURN_IF_ERROR(CheckFooter(tensor, rows, k));
  }
  return CheckAdditions(tensor, rows);
}

}  // namespace bitnet
