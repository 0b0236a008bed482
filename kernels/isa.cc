// The ladder of cpu_features.h. What the running CPU has is found in cpu_features.cc, which tests replace.
#include <algorithm>

#include "kernels/cpu_features.h"

namespace bitnet {
namespace {

constexpr Isa kIsas[] = {
#if defined(__x86_64__)
    {"x86_avx512vnni", kAvx2 | kAvx512Vnni},
    {"x86_avx2", kAvx2},
#elif defined(__aarch64__)
    {"arm_neoni8mm", kNeonDot | kNeonI8mm},
    {"arm_neondot", kNeonDot},
#endif
    {"portable", kNoFeatures},
};

}  // namespace

std::span<const Isa> Isas() { return kIsas; }

const Isa* FindIsa(std::string_view name) {
  const auto* it = std::ranges::find(kIsas, name, &Isa::name);
  return it == std::end(kIsas) ? nullptr : it;
}

const Isa& BestIsa(CpuFeatures have) {
  // The last rung needs nothing, so one is always found.
  return *std::ranges::find_if(kIsas, [=](const Isa& isa) { return Covers(have, isa.features); });
}

}  // namespace bitnet
