// The text of all Metal kernels, to be compiled by the system that runs them.
#pragma once

namespace bitnet {

extern const char kMetalSource[];

}  // namespace bitnet
