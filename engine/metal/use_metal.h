// Which steps are the GPU's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/metal/gpu_device.h"

namespace bitnet {

enum class UseMetal : uint8_t {
  kOff,     // None.
  kAuto,    // Those that measure faster, on chips whose GPU has more bandwidth than their CPU can use.
  kOn,      // All; an error if there is no GPU or no kernel for the model.
  kHybrid,  // Those that read prompts; an error likewise.
};

// For flags.
inline std::map<std::string, UseMetal> UseMetalNames() {
  return {{"off", UseMetal::kOff},
          {"auto", UseMetal::kAuto},
          {"on", UseMetal::kOn},
          {"hybrid", UseMetal::kHybrid}};
}

inline constexpr char kUseMetalHelp[] =
    "off: the CPU alone; auto: on an M3 Max or later, steps of 4 tokens and more if they measure faster on "
    "the GPU; on: "
    "all steps on the GPU, which must be there; hybrid: prompts on the GPU, answers on the CPU. No answer "
    "depends on it";

using OpenGpu = std::function<absl::StatusOr<std::unique_ptr<GpuDevice>>()>;

// Of this system. FAILED_PRECONDITION: it has no Metal.
absl::StatusOr<std::unique_ptr<GpuDevice>> OpenMetalDevice();

// What became of it.
struct GpuReport {
  std::string device;     // "": none is used.
  size_t min_batch = 0;   // Steps of so many tokens are its; 0: none.
  uint64_t steps = 0;     // That it has run.
  uint64_t failures = 0;  // Of its self-test, and of steps, which the CPU ran instead.
  std::string note;       // Why it is not used, or the last failure; "": nothing to say.
};

}  // namespace bitnet
