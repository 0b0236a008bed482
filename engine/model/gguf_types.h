// What a type number in a GGUF file means, where programs disagree.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "engine/model/gguf_tensors.h"

namespace bitnet {

// Gives every tensor the type that its number stands for in this file:
//
//   39  TL2 if the architecture is one of bitnet's, MXFP4 elsewhere;
//   40  PrismML's first Q1_0, in groups of 32, if the tensor is of that size and not of NVFP4's;
//   42  Q2_0 in groups of 64, or PQ2_0 (groups of 128) as PrismML's files have it, whichever the tensors'
//   sizes
//       fit. The two differ by a byte in 64 weights, so a tensor too small to tell, because both end within
//       the same aligned piece, goes with the others of the file.
//
// `general.file_type` is never asked: its numbers collide, too. `rooms[i]` is the number of bytes from the
// offset of tensor i to the next offset or the end. DATA_LOSS: tensors of type 42 have no room for either, or
// some are of one kind and some of the other.
absl::Status ResolveGgufTypes(std::string_view architecture, std::span<const uint64_t> rooms,
                              uint64_t alignment, std::span<GgufTensorInfo> infos);

}  // namespace bitnet
