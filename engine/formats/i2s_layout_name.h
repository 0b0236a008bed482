// The names of I2_S layouts on command lines.
#pragma once

#include <map>
#include <string>

#include "engine/formats/row_decoder.h"

namespace bitnet {

inline std::map<std::string, I2sLayout> I2sLayoutNames() {
  return {{"128x32", I2sLayout::k128x32}, {"64x16", I2sLayout::k64x16}, {"1x4", I2sLayout::k1x4Rows}};
}

inline constexpr char kI2sLayoutHelp[] =
    "How I2_S tensors are arranged, which files do not say: 128x32 (official files), 64x16 (written by "
    "bitnet.cpp on "
    "ARM since November 2025), 1x4 (its weight-parallel build)";

}  // namespace bitnet
