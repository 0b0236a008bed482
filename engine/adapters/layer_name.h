// Names of a layer's matrices, taken apart.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "engine/adapters/projection_kind.h"

namespace bitnet {

struct LayerName {
  size_t layer;
  ProjectionKind kind;
};

// "blk.12.attn_q" with the prefix "blk." and GgufName: `prefix`, a number without leading zeros, a dot, and
// what `name_of` gives for a kind. Nothing if it is not of this form.
std::optional<LayerName> ParseLayerName(std::string_view name, std::string_view prefix,
                                        std::string_view (*name_of)(ProjectionKind));

}  // namespace bitnet
