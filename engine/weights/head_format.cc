#include "engine/weights/head_format.h"

#include "kernels/int6_gemm/int6_gemm.h"

namespace bitnet {
namespace {

// Weights from which on reading a head costs more than a 6-bit copy of it loses.
constexpr uint64_t kLargeHead = uint64_t{1} << 24;

}  // namespace

bool QuantizesHead(HeadFormat format, uint64_t rows, uint64_t k) {
  const bool wanted = format == HeadFormat::kInt6 || (format == HeadFormat::kAuto && rows * k >= kLargeHead);
  return wanted && k % kInt6BlockK == 0 && k <= kInt6MaxK;
}

const std::map<std::string, HeadFormat>& HeadFormatNames() {
  static const std::map<std::string, HeadFormat> names = {{"auto", HeadFormat::kAuto},
                                                          {"int6", HeadFormat::kInt6},
                                                          {"file", HeadFormat::kAsFile},
                                                          {"exact", HeadFormat::kExact}};
  return names;
}

}  // namespace bitnet
