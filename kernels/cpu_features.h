// Instruction sets the kernels are written for, and which of them this CPU has.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace bitnet {

// A set of instruction-set extensions. A kernel states what it needs; a CPU states what it has.
struct CpuFeatures {
  uint32_t bits = 0;
  friend constexpr bool operator==(CpuFeatures, CpuFeatures) = default;
};

constexpr CpuFeatures operator|(CpuFeatures a, CpuFeatures b) { return {a.bits | b.bits}; }
constexpr CpuFeatures operator&(CpuFeatures a, CpuFeatures b) { return {a.bits & b.bits}; }

inline constexpr CpuFeatures kNoFeatures{0};
inline constexpr CpuFeatures kAvx2{1u << 0};        // AVX2, FMA and F16C together.
inline constexpr CpuFeatures kAvx512Vnni{1u << 1};  // AVX-512 F, BW, VL, DQ and VNNI together.
// AVX-512 VPOPCNTDQ. No rung of the ladder: where it is missing, one operation falls back a rung.
inline constexpr CpuFeatures kAvx512Popcnt{1u << 2};
inline constexpr CpuFeatures kNeonDot{1u << 8};   // Armv8.2 dot product (SDOT).
inline constexpr CpuFeatures kNeonI8mm{1u << 9};  // Armv8.6 products of int8 matrices (SMMLA).

constexpr bool Covers(CpuFeatures have, CpuFeatures needs) { return (have & needs) == needs; }

// What the running CPU (and its operating system) supports.
CpuFeatures DetectCpuFeatures();

// A named rung of the ladder, as users spell it: `--isa=x86_avx2`.
struct Isa {
  std::string_view name;
  CpuFeatures features;  // Everything a kernel set up to this rung may use.
};

// Every rung this binary was built for, richest first; "portable" is last.
std::span<const Isa> Isas();
// The rung called `name`, or nullptr.
const Isa* FindIsa(std::string_view name);
// The richest rung that `have` covers.
const Isa& BestIsa(CpuFeatures have);

}  // namespace bitnet
