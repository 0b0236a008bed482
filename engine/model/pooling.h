// How the hidden states of a text's tokens become one vector.
#pragma once

#include <cstdint>

namespace bitnet {

enum class Pooling : uint8_t {
  kOfModel,  // As the model's file says.
  kLast,     // That of the last token, which has seen all others.
  kMean,     // The mean over all tokens.
};

}  // namespace bitnet
