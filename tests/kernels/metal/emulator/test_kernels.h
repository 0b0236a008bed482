// The kernels of test_kernels.metal.
#pragma once

#include <span>

#include "tests/kernels/metal/emulator/launch.h"

namespace bitnet::emulation {

std::span<const Kernel> TestKernels();

}  // namespace bitnet::emulation
