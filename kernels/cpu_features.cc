#include "kernels/cpu_features.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__APPLE__)
#include <sys/sysctl.h>

#include <cstddef>

#include "kernels/cpu_features_apple.h"
#elif defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace bitnet {

#if defined(__x86_64__)

CpuFeatures DetectCpuFeatures() {
  // __builtin_cpu_supports() also asks whether the operating system saves the wide registers. Older
  // compilers do not know "f16c" by name; it uses the registers of AVX, so its CPUID bit is enough.
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  const bool f16c = __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
  __builtin_cpu_init();
  CpuFeatures have;
  if (f16c && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) have = have | kAvx2;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vnni")) {
    have = have | kAvx512Vnni;
    if (__builtin_cpu_supports("avx512vpopcntdq")) have = have | kAvx512Popcnt;
  }
  return have;
}

#elif defined(__aarch64__) && defined(__APPLE__)

namespace {

bool Has(const char* feature) {
  int has = 0;
  size_t size = sizeof(has);
  return sysctlbyname(feature, &has, &size, nullptr, 0) == 0 && has != 0;
}

}  // namespace

CpuFeatures DetectCpuFeatures() { return AppleCpuFeatures(Has); }

#elif defined(__aarch64__) && defined(__linux__)

CpuFeatures DetectCpuFeatures() {
  CpuFeatures have;
  if ((getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0) have = have | kNeonDot;
  if ((getauxval(AT_HWCAP2) & HWCAP2_I8MM) != 0) have = have | kNeonI8mm;
  return have;
}

#else

CpuFeatures DetectCpuFeatures() { return kNoFeatures; }

#endif

}  // namespace bitnet
