// Which tiles of which matrix a threadgroup works on.
#pragma once

#include "kernels/metal/arguments.h"
#include "kernels/metal/prelude.metal"

using namespace bitnet::gpu;

struct TileGroup {
  uint projection;
  uint first_tile;
  uint tiles;  // Fewer than asked for at the end of a matrix.
};

// Threadgroup `number` of a dispatch in which each has `tiles` tiles of one matrix.
static inline TileGroup locate_tiles(constant ProductArguments& p, uint number, uint tiles) {
  uint i = 0;
  for (; i + 1 < p.num_projections; ++i) {
    const uint groups = (p.projections[i].tiles + tiles - 1) / tiles;
    if (number < groups) {
      break;
    }
    number -= groups;
  }
  const uint first = number * tiles;
  return TileGroup{i, first, min(tiles, p.projections[i].tiles - first)};
}
