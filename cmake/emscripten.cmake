# WebAssembly with threads and SIMD128, by Debian's Emscripten (deploy/wasm/build.sh).
set(EMSCRIPTEN_ROOT /usr/share/emscripten CACHE PATH "Where Emscripten is")
set(CMAKE_C_FLAGS_INIT "-pthread -msimd128 -fwasm-exceptions")
set(CMAKE_CXX_FLAGS_INIT "${CMAKE_C_FLAGS_INIT}")
set(CMAKE_FIND_ROOT_PATH $ENV{BITNET_WASM}/prefix)
set(ENV{PKG_CONFIG_LIBDIR} "$ENV{BITNET_WASM}/prefix/lib/pkgconfig")
include(${EMSCRIPTEN_ROOT}/cmake/Modules/Platform/Emscripten.cmake)
