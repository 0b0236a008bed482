#include "engine/weights/tensor_reader.h"

#include <algorithm>
#include <span>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "engine/formats/row_decoder.h"

namespace bitnet {
namespace {

std::string Shape(std::span<const uint64_t> dims) { return "{" + absl::StrJoin(dims, ", ") + "}"; }

}  // namespace

absl::StatusOr<const ModelTensor*> FindTensor(const ModelFile& file, const std::string& name,
                                              std::initializer_list<uint64_t> dims) {
  absl::StatusOr<const ModelTensor*> tensor = file.GetTensor(name);
  if (absl::IsNotFound(tensor.status())) {
    return absl::DataLossError(absl::StrFormat("%s: tensor %s is missing", file.path(), name));
  }
  RETURN_IF_ERROR(tensor.status());
  if (!std::ranges::equal((*tensor)->dims, dims)) {
    return absl::DataLossError(absl::StrFormat("%s: tensor %s has shape %s, not %s", file.path(), name,
                                               Shape((*tensor)->dims), Shape({dims.begin(), dims.end()})));
  }
  return tensor;
}

absl::StatusOr<std::vector<float>> ReadFloats(const ModelFile& file, const std::string& name, uint64_t n) {
  ASSIGN_OR_RETURN(const ModelTensor* tensor, FindTensor(file, name, {n}));
  absl::StatusOr<RowDecoder> decoder = RowDecoder::Create(*tensor);
  if (!decoder.ok()) {
    return absl::Status(decoder.status().code(), absl::StrCat(file.path(), ": ", decoder.status().message()));
  }
  std::vector<float> values(n);
  if (!decoder->Floats(0, values.data())) {
    return absl::DataLossError(
        absl::StrFormat("%s: tensor %s holds a value that is not finite", file.path(), name));
  }
  return values;
}

}  // namespace bitnet
