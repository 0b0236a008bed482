// Integer products for many columns: the codes of a tile are unpacked once, into a panel that stays in the
// first-level cache, and multiplied with every column from there. Prefill and larger batches; a few columns
// are faster with the kernels that unpack into registers (ternary_gemm, base3_gemm, grouped_gemm).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/cpu_features.h"

namespace bitnet {

// Whose codes are unpacked: the layouts of those kernels, in tiles of 16 rows. A code is at most 3.
enum class PanelSource : uint8_t {
  kTernary2Bit,  // 2bit_r16k16 of ternary_gemm.h and grouped_gemm.h: weight + 1, blocks of 16.
  kBase3,        // base3_r16k20 of base3_gemm.h: weight + 1, blocks of 20.
  k1Bit,         // 1bit_r16k32 of grouped_gemm.h: 1 for +1, 0 for -1, blocks of 32.
};

constexpr size_t PanelBlockK(PanelSource source) {
  return source == PanelSource::kTernary2Bit ? 16 : source == PanelSource::kBase3 ? 20 : 32;
}

inline constexpr size_t kPanelRows = 16;
// The longest panel, 960 columns of 16 bytes. With 8 rows of x of as many bytes that is 23 KiB, within the 32
// KiB of the smallest first-level cache; a multiple of all blocks (2^k * 15: 960 = 60 * 16 = 48 * 20 = 30 *
// 32).
inline constexpr size_t kPanelK = 960;
inline constexpr size_t kPanelBytes = kPanelRows * kPanelK;

// Unpacks `k` columns (a multiple of the source's block, at most kPanelK) of one tile, whose first block is
// at `w`, into `panel`, which is aligned to 64 bytes. How a panel is laid out is the kernel's own affair.
using UnpackPanel = void(PanelSource source, size_t k, const uint8_t* w, uint8_t* panel);

//   panel  as unpacked.
//   x      [batch, k] int8, rows `x_stride` elements apart.
//   sums   [batch, 16], aligned to 64 bytes: exact sums of code * x, added to what is there.
struct PanelGemmArgs {
  size_t k;      // Of the panel.
  size_t batch;  // At least 1.
  const uint8_t* panel;
  const int8_t* x;
  size_t x_stride;
  int32_t* sums;
};

// Touches nothing outside the operands.
using MultiplyPanel = void(const PanelGemmArgs& args);

// One group's sums into the products of grouped_gemm.h, for `batch` columns:
//   acc[b][r] = fma(float((sums[b][r] << shift) - x_sum[b]), w_scale[r] * x_inv[b], acc[b][r])
//   sums     [batch, 16], aligned to 64 bytes.
//   w_scale  [16] half-precision bits.
//   x_sum    [batch], `group_stride` elements apart; x_inv likewise.
//   acc      [batch, 16], rows `acc_stride` elements apart.
struct PanelGroupArgs {
  size_t batch;
  int shift;
  const int32_t* sums;
  const uint16_t* w_scale;
  const int32_t* x_sum;
  const float* x_inv;
  size_t group_stride;
  float* acc;
  size_t acc_stride;
};
using AddPanelGroup = void(const PanelGroupArgs& args);

// From how many columns on a panel is worth its stores and loads, by source: where a kernel that unpacks into
// registers does so on ports that its products leave free, late. Both ways give the same bits.
struct PanelMinColumns {
  size_t ternary_2bit;
  size_t base3;
  size_t one_bit;
};

struct PanelGemmKernel {
  const char* name;   // The file that defines it; shown by tests, bench, logs.
  CpuFeatures needs;  // Its functions may be called only where all of these are present.
  UnpackPanel* unpack;
  MultiplyPanel* run;
  AddPanelGroup* add_group;
  PanelMinColumns min_columns;
};

// Every variant in this binary, fastest first; "portable" is last and needs nothing.
std::span<const PanelGemmKernel> PanelGemmKernels();
const PanelGemmKernel& SelectPanelGemm(CpuFeatures have);

// Variants, one per file in this folder. Reach them through the table.
UnpackPanel UnpackPanelPortable, UnpackPanelX86Avx2, UnpackPanelX86Avx512Vnni, UnpackPanelArmNeonDot,
    UnpackPanelArmNeonI8mm;
MultiplyPanel MultiplyPanelPortable, MultiplyPanelX86Avx2, MultiplyPanelX86Avx512Vnni,
    MultiplyPanelArmNeonDot, MultiplyPanelArmNeonI8mm;
AddPanelGroup AddPanelGroupPortable, AddPanelGroupX86Avx2, AddPanelGroupX86Avx512Vnni,
    AddPanelGroupArmNeonDot;

}  // namespace bitnet
