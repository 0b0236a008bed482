#include "engine/formats/code_rows.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <string>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/model/ggml_type.h"

namespace bitnet {
namespace {

bool Has(CodeRange range, int code) {
  switch (range) {
    case CodeRange::kNone:
      return false;
    case CodeRange::kBinary:
      return code == -1 || code == 1;
    case CodeRange::kTernary:
      return code >= -1 && code <= 1;
    case CodeRange::kQuaternary:
      return code >= -1 && code <= 2;
  }
  return false;
}

std::string Name(const Format& format) { return std::string(GgmlTypeName(format.type)); }

absl::Status NoWeight(size_t row) {
  return absl::DataLossError(absl::StrFormat("row %d holds something that is no weight", row));
}

absl::Status CheckCodes(const Format& to, size_t row, std::span<const int8_t> codes) {
  const auto bad = std::ranges::find_if_not(codes, [&](int code) { return Has(to.codes, code); });
  if (bad == codes.end()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("row %d, weight %d is %d times its scale, which %s has no code for", row,
                      bad - codes.begin(), *bad, Name(to)));
}

// The one scale of all codes in [begin, begin + count) that are not 0.
absl::StatusOr<float> CommonScale(const Format& to, size_t row, const RowCodes& buffers, size_t source_group,
                                  size_t begin, size_t count) {
  const float* source_scales = buffers.scratch.data();
  std::optional<float> common;
  for (size_t at = begin; at < begin + count;) {
    const size_t end = std::min((at / source_group + 1) * source_group, begin + count);
    const float scale = source_scales[at / source_group];
    const bool zeros =
        std::all_of(&buffers.codes[at], buffers.codes.data() + end, [](int code) { return code == 0; });
    if (!zeros && common.value_or(scale) != scale) {
      return absl::InvalidArgumentError(
          absl::StrFormat("row %d has scales %g and %g where %s has one for %d weights", row, *common, scale,
                          Name(to), count));
    }
    if (!zeros) {
      common = scale;
    }
    at = end;
  }
  return common.value_or(source_scales[begin / source_group]);
}

// Codes of floats that are 0 or +-scale.
absl::Status ExactCodes(const Format& to, size_t row, std::span<const float> floats, float scale,
                        int8_t* codes) {
  for (size_t i = 0; i < floats.size(); ++i) {
    const float value = floats[i];
    if (value != 0 && std::fabs(value) != scale) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "row %d, weight %d is %g, neither 0 nor %g or its negative, and %s is not written from such floats",
          row, i, value, scale, Name(to)));
    }
    codes[i] = static_cast<int8_t>((value > 0) - (value < 0));
  }
  return CheckCodes(to, row, {codes, floats.size()});
}

}  // namespace

size_t GroupWeights(const Format& format, size_t k) {
  return format.group_weights != 0 ? format.group_weights : k;
}

absl::Status ReadAsCodes(const RowDecoder& source, const Format& to, size_t row, RowCodes& buffers) {
  const size_t k = source.k();
  const size_t group = GroupWeights(to, k);
  buffers.codes.resize(k);
  buffers.scales.resize(k / group);
  buffers.scratch.resize(k);
  const bool from_floats = source.codes() == CodeRange::kNone;
  if (!(from_floats ? source.Floats(row, buffers.scratch.data())
                    : source.Codes(row, buffers.codes.data(), buffers.scratch.data()))) {
    return NoWeight(row);
  }
  if (!from_floats) {
    RETURN_IF_ERROR(CheckCodes(to, row, buffers.codes));
  }
  for (size_t begin = 0; begin < k; begin += group) {
    const std::span<const float> floats(&buffers.scratch[begin], group);
    float& scale = buffers.scales[begin / group];
    if (!from_floats) {
      ASSIGN_OR_RETURN(scale, CommonScale(to, row, buffers, source.group_weights(), begin, group));
    } else if (to.quantize != nullptr) {
      scale = to.quantize(floats.data(), group, &buffers.codes[begin]);
    } else {
      scale = std::fabs(*std::ranges::max_element(floats, {}, [](float value) { return std::fabs(value); }));
      RETURN_IF_ERROR(ExactCodes(to, row, floats, scale, &buffers.codes[begin]));
    }
  }
  return absl::OkStatus();
}

}  // namespace bitnet
