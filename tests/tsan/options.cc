// How the thread sanitizer runs in every program that is built with it; TSAN_OPTIONS comes after.

// Calls of libc by libraries that are not instrumented (gRPC, Protobuf, OpenSSL) are not looked at: of what
// these libraries write, the half that is their own code is invisible anyway.
extern "C" __attribute__((weak)) const char* __tsan_default_options() {
  return "ignore_noninstrumented_modules=1";
}
