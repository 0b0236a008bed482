// The kernels of kernels/metal, and of elementary.metal, for the emulator.
#pragma once

#include <span>
#include <string_view>

#include "tests/kernels/metal/emulator/launch.h"

namespace bitnet {

std::span<const emulation::Kernel> MetalKernels();
// Ends the process if there is no such kernel.
const emulation::Kernel& FindMetalKernel(std::string_view name);

}  // namespace bitnet
