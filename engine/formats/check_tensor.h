// Whether a tensor's shape and data are what its type says.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "engine/formats/format.h"
#include "engine/model/model_file.h"

namespace bitnet {

// "tensor 'name' of type TYPE"
std::string DescribeTensor(const ModelTensor& tensor);

// Errors are those of RowDecoder::Create.
absl::Status CheckTensor(const ModelTensor& tensor, const Format& format);

}  // namespace bitnet
