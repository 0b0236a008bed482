// The number of threads on command lines.
#pragma once

#include <string>

#include "absl/strings/numbers.h"

namespace bitnet {

inline constexpr int kAutoThreads = -1;  // What `auto` becomes.

inline constexpr char kThreadsHelp[] =
    "Threads that compute; 0: one per core of the fastest kind that it may use; auto: try which number is "
    "fastest for the model, which takes half a second";

// Makes a number of "auto" or of 0 to 1024. Returns what is wrong, nothing if all is well.
inline std::string ReadThreadsFlag(std::string& text) {
  if (text == "auto") {
    text = std::to_string(kAutoThreads);
    return "";
  }
  int threads = 0;
  if (!absl::SimpleAtoi(text, &threads) || threads < 0 || threads > 1024) {
    return "'" + text + "' is neither auto nor a number from 0 to 1024";
  }
  return "";
}

}  // namespace bitnet
