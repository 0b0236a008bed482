#include "engine/adapters/layer_name.h"

#include <charconv>

namespace bitnet {

std::optional<LayerName> ParseLayerName(std::string_view name, std::string_view prefix,
                                        std::string_view (*name_of)(ProjectionKind)) {
  if (!name.starts_with(prefix)) {
    return std::nullopt;
  }
  name.remove_prefix(prefix.size());
  size_t layer = 0;
  const char* begin = name.data();
  const auto [end, error] = std::from_chars(begin, begin + name.size(), layer);
  const bool leading_zero = name.starts_with('0') && end != begin + 1;
  if (error != std::errc() || leading_zero) {
    return std::nullopt;
  }
  name.remove_prefix(static_cast<size_t>(end - begin));
  if (!name.starts_with('.')) {
    return std::nullopt;
  }
  name.remove_prefix(1);
  for (size_t i = 0; i < kNumProjectionKinds; ++i) {
    const auto kind = static_cast<ProjectionKind>(i);
    if (name == name_of(kind)) {
      return LayerName{layer, kind};
    }
  }
  return std::nullopt;
}

}  // namespace bitnet
