// The table of tensors in a GGUF file, and where their data lies.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/model/byte_reader.h"
#include "engine/model/model_file.h"

namespace bitnet {

// A line of the table, as the file has it.
struct GgufTensorInfo {
  std::string name;
  GgmlType type;
  std::vector<uint64_t> dims;
  uint64_t offset;  // From the beginning of the tensor data.
};

uint64_t NumElements(const GgufTensorInfo& info);

// Reads `count` lines: name, number of dimensions, dimensions, type, offset. Names are unique, there are 1 to
// 4 dimensions, none is 0, and their product is at most 2^60. Types are numbers that a file can have.
absl::StatusOr<std::vector<GgufTensorInfo>> ReadGgufTensorInfos(ByteReader& reader, uint64_t count);

// Gives each tensor its bytes of `data`, the part of the file that holds all of them, and its type, which may
// depend on these and on the file's architecture (gguf_types.h). Offsets must be multiples of `alignment`,
// and tensors may not overlap or reach beyond the end. One of a type we have no size for gets what lies
// between its offset and the next one's.
absl::StatusOr<std::vector<ModelTensor>> PlaceGgufTensors(std::vector<GgufTensorInfo> infos,
                                                          std::span<const uint8_t> data, uint64_t alignment,
                                                          std::string_view architecture);

}  // namespace bitnet
