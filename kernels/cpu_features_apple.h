// What an Apple chip has, of the names that macOS gives to features.
#pragma once

#include "kernels/cpu_features.h"

namespace bitnet {

// `has` tells whether the sysctl of a name, as "hw.optional.arm.FEAT_DotProd", exists and is not 0. Systems
// that are older than a feature do not know its name.
//
// FEAT_I8MM is not asked for: on M2 SMMLA does 350 G operations a second where SDOT does 430, on M4 as many
// (published measurements of cpufp).
template <typename Has>
CpuFeatures AppleCpuFeatures(Has has) {
  CpuFeatures have;
  if (has("hw.optional.arm.FEAT_DotProd")) have = have | kNeonDot;
  return have;
}

}  // namespace bitnet
