// Names of tensor types, by their numbers in ggml.h. 36 to 38 are those of Microsoft's fork, whose files they
// occur in.
#include "engine/model/model_file.h"

namespace bitnet {
namespace {

constexpr std::string_view kNames[] = {"F32",
                                       "F16",
                                       "Q4_0",
                                       "Q4_1",
                                       "type 4 (removed)",
                                       "type 5 (removed)",
                                       "Q5_0",
                                       "Q5_1",
                                       "Q8_0",
                                       "Q8_1",
                                       "Q2_K",
                                       "Q3_K",
                                       "Q4_K",
                                       "Q5_K",
                                       "Q6_K",
                                       "Q8_K",
                                       "IQ2_XXS",
                                       "IQ2_XS",
                                       "IQ3_XXS",
                                       "IQ1_S",
                                       "IQ4_NL",
                                       "IQ3_S",
                                       "IQ2_S",
                                       "IQ4_XS",
                                       "I8",
                                       "I16",
                                       "I32",
                                       "I64",
                                       "F64",
                                       "IQ1_M",
                                       "BF16",
                                       "type 31 (removed)",
                                       "type 32 (removed)",
                                       "type 33 (removed)",
                                       "TQ1_0",
                                       "TQ2_0",
                                       "I2_S",
                                       "I8_S",
                                       "TL1",
                                       "TL2 or MXFP4",
                                       "NVFP4",
                                       "Q1_0",
                                       "Q2_0"};

}  // namespace

std::string_view GgmlTypeName(GgmlType type) {
  const auto index = static_cast<uint32_t>(type);
  return index < std::size(kNames) ? kNames[index] : "a type unknown to this program";
}

}  // namespace bitnet
