#include "service/rpc/request_id.h"

#include <random>

#include "absl/strings/str_format.h"

namespace bitnet {
namespace {

uint64_t Draw() {
  thread_local std::random_device device;  // The system's generator: nothing to seed, nothing to guess.
  return (static_cast<uint64_t>(device()) << 32) | device();
}

}  // namespace

std::string DrawRequestId() { return absl::StrFormat("%016x%016x", Draw(), Draw()); }

uint64_t DrawSeed() { return Draw() >> 11; }

}  // namespace bitnet
