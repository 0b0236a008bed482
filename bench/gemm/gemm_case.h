// One matrix kernel on one shape, ready to be checked and timed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kernels/cpu_features.h"

namespace bitnet {

struct GemmShape {
  std::string name;  // "6912x2560", rows by k.
  size_t rows;
  size_t k;
};

// A matrix that is not multiplied: its variants differ only in `run`.
struct GemmCase {
  std::string operation;  // "TernaryGemm", with a type where one operation has several.
  std::string variant;    // "x86_avx2".
  GemmShape shape;
  size_t batch = 1;
  uint64_t weight_bytes = 0;  // Of one copy of the matrix, scales included.
  size_t tiles = 0;           // Pieces of rows that threads share.
  size_t tile_rows = 0;
  // Packed weights, any valid ones, written to `w`, weight_bytes long: codes and then scales.
  std::function<void(uint8_t* w)> fill;
  // Multiplies tiles [begin, end) of the matrix at `w` into y [batch, tiles * tile_rows].
  std::function<void(const uint8_t* w, size_t begin, size_t end, float* y)> run;
  std::function<void(const uint8_t* w, size_t begin, size_t end, float* y)>
      portable;  // The same, to compare.

  uint64_t weights() const { return uint64_t{shape.rows} * shape.k; }
};

// All variants that `have` covers; a shape that an operation cannot take gives none.
std::vector<GemmCase> TernaryGemmCases(const GemmShape& shape, size_t batch, CpuFeatures have);
std::vector<GemmCase> Base3GemmCases(const GemmShape& shape, size_t batch, CpuFeatures have);
// As TernaryGemm and Base3Gemm for many columns: kernels/panel_gemm.
std::vector<GemmCase> TernaryPanelCases(const GemmShape& shape, size_t batch, CpuFeatures have);
std::vector<GemmCase> Base3PanelCases(const GemmShape& shape, size_t batch, CpuFeatures have);
std::vector<GemmCase> Int6GemmCases(const GemmShape& shape, size_t batch, CpuFeatures have);
std::vector<GemmCase> GroupedGemmCases(const GemmShape& shape, size_t batch, CpuFeatures have);
std::vector<GemmCase> FloatGemmCases(const GemmShape& shape, size_t batch, CpuFeatures have);
std::vector<GemmCase> SignGemmCases(const GemmShape& shape, size_t batch, CpuFeatures have);

}  // namespace bitnet
