#include "base/version.h"

namespace bitnet {

std::string_view Version() { return BITNET_VERSION; }

}  // namespace bitnet
