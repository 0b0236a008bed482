// Four tiles times 32 columns on the matrix units, for every layout of tile_layouts.metal: codes and int8
// activations are halves, which hold them exactly, and sums are integers in floats, so the order of addition
// is free.
#pragma once

#include "kernels/metal/tile_layouts.metal"

static constant constexpr uint kGemmLanes = kGemmSimdgroups * kSimdLanes;
static constant constexpr uint kGemmRows = kGemmTiles * kTileRows;

// A step's k: whole blocks and whole matrices of 8 by 8.
template <typename Layout>
static constexpr uint gemm_step() {
  return Layout::kBlockK % 8 == 0 && Layout::kBlockK >= 32 ? Layout::kBlockK : 2 * Layout::kBlockK;
}

// A SIMD group's share of the products: 32 rows by 16 columns.
struct GemmSums {
  simdgroup_float8x8 sums[4][2];

  void clear() {
    for (uint row = 0; row < 4; ++row) {
      for (uint column = 0; column < 2; ++column) {
        sums[row][column] = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
      }
    }
  }
};

// Codes of `tiles` tiles at `w`, blocks first .. first + a step's, become codes[row][k]. Rows and blocks that
// there are not (from `blocks` on) become 0.
template <typename Layout>
static inline void load_codes(device const uchar* w, uint tiles, uint first, uint blocks, ulong tile_bytes,
                              threadgroup half* codes, uint thread_index) {
  const uint step = gemm_step<Layout>();
  const uint step_blocks = step / Layout::kBlockK;
  for (uint i = thread_index; i < kGemmRows * step_blocks; i += kGemmLanes) {
    const uint row = i % kTileRows;
    const uint block = i / kTileRows % step_blocks;
    const uint tile = i / (kTileRows * step_blocks);
    threadgroup half* to = codes + (tile * kTileRows + row) * step + block * Layout::kBlockK;
    if (tile < tiles && first + block < blocks) {
      const ulong at = tile * tile_bytes + (first + block) * ulong(kTileBlockBytes) + 4 * row;
      Layout::unpack(*(device const uint*)(w + at), to);
    } else {
      for (uint k = 0; k < Layout::kBlockK; ++k) {
        to[k] = half(0.0f);
      }
    }
  }
}

// x[column][k] of `columns` columns from `x` on, `k` of them from there; what there is not becomes 0.
static inline void load_columns(device const char* x, uint x_stride, uint columns, uint k, uint step,
                                threadgroup half* to, uint thread_index) {
  for (uint i = thread_index; i < kGemmColumns * step / 4; i += kGemmLanes) {
    const uint column = i / (step / 4);
    const uint at = i % (step / 4) * 4;
    const bool present = column < columns && at < k;
    const char4 four = present ? load_four(x + column * ulong(x_stride) + at) : char4(0, 0, 0, 0);
    threadgroup half* halves = to + column * step + at;
    halves[0] = half(float(four.x));
    halves[1] = half(float(four.y));
    halves[2] = half(float(four.z));
    halves[3] = half(float(four.w));
  }
}

// Adds blocks first .. end of code * x. `shared` has (kGemmRows + kGemmColumns) * step halves.
//
// w        the first of `tiles` tiles.
// x        the first of `columns` columns; whole blocks of it may be read.
template <typename Layout>
static inline void add_products(device const uchar* w, uint tiles, ulong tile_bytes, device const char* x,
                                uint x_stride, uint columns, uint first, uint end, threadgroup half* shared,
                                thread GemmSums& products, uint simdgroup, uint lane) {
  const uint step = gemm_step<Layout>();
  threadgroup half* codes = shared;
  threadgroup half* activations = shared + kGemmRows * step;
  const uint thread_index = simdgroup * kSimdLanes + lane;
  const uint first_row = simdgroup % 2 * 32;
  const uint first_column = simdgroup / 2 * 16;
  for (uint block = first; block < end; block += step / Layout::kBlockK) {
    threadgroup_barrier(mem_flags::mem_threadgroup);  // What was loaded last has been used.
    load_codes<Layout>(w, tiles, block, end, tile_bytes, codes, thread_index);
    load_columns(x + block * Layout::kBlockK, x_stride, columns, (end - block) * Layout::kBlockK, step,
                 activations, thread_index);
    threadgroup_barrier(mem_flags::mem_threadgroup);
    for (uint k = 0; k < step; k += 8) {
      simdgroup_half8x8 columns_of_x[2];
      for (uint j = 0; j < 2; ++j) {
        simdgroup_load(columns_of_x[j], activations + (first_column + 8 * j) * step + k, step, ulong2(0, 0),
                       true);
      }
      for (uint i = 0; i < 4; ++i) {
        simdgroup_half8x8 rows_of_w;
        simdgroup_load(rows_of_w, codes + (first_row + 8 * i) * step + k, step);
        for (uint j = 0; j < 2; ++j) {
          simdgroup_multiply_accumulate(products.sums[i][j], rows_of_w, columns_of_x[j], products.sums[i][j]);
        }
      }
    }
  }
}

// products[column][row] of the threadgroup, in [kGemmColumns, kGemmRows] floats.
static inline void store_products(thread GemmSums& products, threadgroup float* to, uint simdgroup) {
  const uint first_row = simdgroup % 2 * 32;
  const uint first_column = simdgroup / 2 * 16;
  for (uint i = 0; i < 4; ++i) {
    for (uint j = 0; j < 2; ++j) {
      simdgroup_store(products.sums[i][j], to + (first_column + 8 * j) * kGemmRows + first_row + 8 * i,
                      kGemmRows, ulong2(0, 0), true);
    }
  }
}
