// Names and seeds that the server draws for requests.
#pragma once

#include <cstdint>
#include <string>

namespace bitnet {

// 32 hexadecimal digits; unique for all purposes.
std::string DrawRequestId();
// Below 2^53, so that a client whose numbers are doubles can send it back and get the same answer.
uint64_t DrawSeed();

}  // namespace bitnet
