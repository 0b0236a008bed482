#include "engine/available_isas.h"

namespace bitnet {

const Isa* FindAvailableIsa(std::string_view name) {
  const Isa* isa = FindIsa(name);
  return isa != nullptr && Covers(DetectCpuFeatures(), isa->features) ? isa : nullptr;
}

std::vector<std::string> AvailableIsaNames() {
  std::vector<std::string> names;
  for (const Isa& isa : Isas()) {
    if (FindAvailableIsa(isa.name) != nullptr) names.emplace_back(isa.name);
  }
  return names;
}

}  // namespace bitnet
