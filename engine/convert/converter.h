// A model into a GGUF file: planned, written, read back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "engine/convert/chip.h"
#include "engine/convert/convert_options.h"
#include "engine/convert/plan.h"
#include "engine/formats/row_encoder.h"
#include "engine/model/model_file.h"
#include "engine/threads/thread_pool.h"

namespace bitnet {

struct ConvertProgress {
  std::string_view stage;        // "examining", "writing", "reading back".
  std::string_view tensor = {};  // The one that comes next; "" at the end.
  uint64_t done_bytes = 0;       // Of the input,
  uint64_t total_bytes = 0;
};
// False: stop; the work ends with CANCELLED.
using ConvertProgressFn = absl::FunctionRef<bool(const ConvertProgress&)>;

struct ConversionPlan {
  std::vector<TensorPlan> tensors;  // In the order of the input's.
  ModelKeys keys;
  ChipProperties chip;      // Asked in PackMode::kAuto.
  uint64_t alignment = 32;  // Of tensors in the file.
};

// Looks at all weights and decides. Writes nothing. Errors name the file and the tensor.
absl::StatusOr<ConversionPlan> PlanConversionOf(const ModelFile& input, const ConvertOptions& options,
                                                ThreadPool& pool, ConvertProgressFn progress);

// Writes what was planned to a temporary name beside `output`, reads it back, compares every tensor with the
// input's, and only then gives it its name. Takes memory for one tensor at a time, besides the input's
// mapping. Returns how far each tensor is from its source. ALREADY_EXISTS: there is an output and `overwrite`
// is false. On any error the output is as it was and the temporary file is gone.
absl::StatusOr<std::vector<EncodeError>> WriteConversion(const ModelFile& input, const ConversionPlan& plan,
                                                         I2sLayout i2s, const std::string& output,
                                                         bool overwrite, ThreadPool& pool,
                                                         ConvertProgressFn progress);

}  // namespace bitnet
