// What a fuzz target and its test in the default run share.
#pragma once

#include <cstddef>
#include <cstdint>

// Takes any bytes. A crash, a failed BITNET_FUZZ_CHECK or a sanitizer's complaint is a finding. The return
// value is always 0; the name and type are libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

// Unlike assert, there in every build.
#define BITNET_FUZZ_CHECK(condition) \
  do {                               \
    if (!(condition)) {              \
      __builtin_trap();              \
    }                                \
  } while (false)
