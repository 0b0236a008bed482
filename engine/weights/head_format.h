// What becomes of the output head, where the file has it as floats or in blocks of many bits.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace bitnet {

enum class HeadFormat : uint8_t {
  kAuto,  // kInt6 where it is large.
  kInt6,  // Quantised to 6 bits with a scale for each 16 (kernels/int6_gemm), where rows are multiples of 32.
  kAsFile,  // Floats as they are; blocks become half precision.
  // As kAsFile; floats with a copy of kInt6 beside them that tells which rows a choice of few tokens does not
  // need to read (transformer/screened_head.h).
  kExact,
};

// Whether a head of this shape is quantised.
bool QuantizesHead(HeadFormat format, uint64_t rows, uint64_t k);

// For the programs' options.
const std::map<std::string, HeadFormat>& HeadFormatNames();
inline constexpr char kHeadHelp[] =
    "The output head: int6 quantises it to 6.5 bits a weight, as precise as Q6_K, and reads 40 % of half "
    "precision's bytes; file keeps it; exact keeps it too and has the 6 bits tell which rows need not be "
    "read, for "
    "greedy "
    "and top-k; auto is int6 for heads of more than 16 million weights";

}  // namespace bitnet
