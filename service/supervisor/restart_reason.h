// Why a worker is started again.
#pragma once

#include <array>

#include "absl/strings/string_view.h"

namespace bitnet {

enum class RestartReason {
  kExit,      // It left by itself, with an exit code.
  kCrash,     // A signal ended it that we did not send: a fault of its own, or the system was out of memory.
  kStalled,   // We killed it, since it did not get on.
  kNotReady,  // It ended, or was of no use, before it could serve.
  kPlanned,   // For a restart or a swap that somebody asked for.
};

inline constexpr std::array kRestartReasons = {RestartReason::kExit, RestartReason::kCrash,
                                               RestartReason::kStalled, RestartReason::kNotReady,
                                               RestartReason::kPlanned};

// As metrics call it.
inline absl::string_view Name(RestartReason reason) {
  constexpr std::array<absl::string_view, kRestartReasons.size()> kNames = {"exit", "crash", "stalled",
                                                                            "not_ready", "planned"};
  return kNames[static_cast<size_t>(reason)];
}

}  // namespace bitnet
