// The names of KV cache types on command lines.
#pragma once

#include <map>
#include <string>

#include "kernels/attention/kv_tile.h"

namespace bitnet {

inline std::map<std::string, KvType> KvTypeNames() {
  return {{"f16", KvType::kF16}, {"f32", KvType::kF32}, {"int8", KvType::kInt8}};
}

inline constexpr char kKvTypeHelp[] =
    "How keys and values are kept: f16; f32, unrounded, in twice the memory; or int8, in half of it";

}  // namespace bitnet
