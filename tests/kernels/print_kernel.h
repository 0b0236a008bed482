// Lets GoogleTest print a kernel as its name instead of its bytes.
#pragma once

#include <ostream>

namespace bitnet {

template <typename Kernel>
requires requires(const Kernel& kernel) { kernel.name, kernel.needs, kernel.run; }
void PrintTo(const Kernel& kernel, std::ostream* out) { *out << kernel.name; }

}  // namespace bitnet
