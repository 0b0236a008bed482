#!/usr/bin/env bash
# Builds the engine as a page: WebAssembly by Debian's Emscripten, in the folder page of FOLDER, which any web server can serve.
#
# Usage: deploy/wasm/build.sh [FOLDER]      FOLDER: build/wasm; 100 MB
#
# The libraries' sources are Debian's. Exit code 77: one of these cannot be had; with BITNET_REQUIRE_ALL that is an error.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=${1:-$root/build/wasm}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
export BITNET_WASM=$folder
toolchain=$root/cmake/emscripten.cmake
# Where Debian's node finds the modules that Emscripten's linker wants; another node has to be told.
export NODE_PATH=${NODE_PATH:+$NODE_PATH:}/usr/share/nodejs

# shellcheck source=deploy/lib.sh
source "$root/deploy/lib.sh"
# shellcheck source=cmake/debian_sources.sh
source "$root/cmake/debian_sources.sh"

command -v em++ > /dev/null || missing "there is no em++; the package emscripten has it"
provide_sources utf8proc pcre2 abseil
step "WebAssembly: Abseil, PCRE2 and utf8proc"
{
  # shellcheck disable=SC2119
  build_engine_libraries && copy_headers nlohmann_json
} > "$folder/libraries.log" 2>&1 || { tail -n 30 "$folder/libraries.log" >&2; die "a library could not be built; the whole log is in $folder/libraries.log"; }
step "WebAssembly: the engine and its page"
{
  cmake -S "$root" -B "$folder/bitnet" -G Ninja -D CMAKE_TOOLCHAIN_FILE="$toolchain" -D CMAKE_BUILD_TYPE=Release \
    -D CMAKE_PREFIX_PATH="$folder/prefix" -D BITNET_LIBRARY_ONLY=ON && cmake --build "$folder/bitnet" --parallel "$(build_jobs)"
} > "$folder/build.log" 2>&1 || { tail -n 30 "$folder/build.log" >&2; die "the engine could not be built; the whole log is in $folder/build.log"; }
ln -sfn bitnet/page "$folder/page"
step "WebAssembly: $(du -shL "$folder/page" | cut -f1) in $folder/page; deploy/wasm/serve.py $folder/page serves it"
