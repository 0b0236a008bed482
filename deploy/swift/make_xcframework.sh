#!/usr/bin/env bash
# Builds Bitnet.xcframework beside this file: libbitnet.a and what it needs in one archive, for iOS devices, the iOS
# simulator (arm64 and x86_64) and macOS (arm64), with the C header and its module map. On a Mac with Xcode and, from
# Homebrew, cmake, ninja, pkg-config and nlohmann-json.
#
# Usage: make_xcframework.sh DEPENDENCIES
#   DEPENDENCIES  a directory with the sources of the other libraries, as their releases have them, in folders
#                 abseil-cpp, pcre2 and utf8proc: they are built for every platform with the same settings
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)

if [[ $# -ne 1 || $1 == -* ]]; then
  sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  exit 2
fi
sources=$(cd "$1" && pwd)
for folder in abseil-cpp pcre2 utf8proc; do
  [[ -f $sources/$folder/CMakeLists.txt ]] || { printf '%s/%s has no CMakeLists.txt\n' "$sources" "$folder" >&2; exit 1; }
done
json=$(brew --prefix nlohmann-json)/share/cmake/nlohmann_json
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# install_dependency PREFIX FLAGS... -- FOLDER OPTIONS...: one of the other libraries, static, for one slice.
install_dependency() {
  local prefix=$1
  shift
  local flags=()
  while [[ $1 != -- ]]; do
    flags+=("$1")
    shift
  done
  local folder=$2
  shift 2
  cmake -G Ninja -S "$sources/$folder" -B "$prefix/build-$folder" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_STANDARD=20 \
    -DBUILD_SHARED_LIBS=OFF -DCMAKE_INSTALL_PREFIX="$prefix" "${flags[@]}" "$@"
  cmake --build "$prefix/build-$folder" --target install
}

# slice NAME SYSTEM SDK ARCHITECTURE MINIMUM: $work/NAME/libbitnet.a with everything in it.
slice() {
  local name=$1 prefix=$work/$1
  local flags=(-DCMAKE_SYSTEM_NAME="$2" -DCMAKE_OSX_SYSROOT="$3" -DCMAKE_OSX_ARCHITECTURES="$4"
    -DCMAKE_OSX_DEPLOYMENT_TARGET="$5")
  install_dependency "$prefix" "${flags[@]}" -- abseil-cpp -DABSL_PROPAGATE_CXX_STD=ON
  # Apps on iOS may not make code at run time: without its compiler PCRE2 interprets.
  install_dependency "$prefix" "${flags[@]}" -- pcre2 -DPCRE2_SUPPORT_JIT=OFF -DPCRE2_BUILD_PCRE2GREP=OFF \
    -DPCRE2_BUILD_TESTS=OFF
  install_dependency "$prefix" "${flags[@]}" -- utf8proc -DUTF8PROC_ENABLE_TESTING=OFF
  # Nothing of this machine's own libraries may be found.
  PKG_CONFIG_LIBDIR=$prefix/lib/pkgconfig cmake -G Ninja -S "$root" -B "$prefix/build" -DCMAKE_BUILD_TYPE=Release \
    -DBITNET_LIBRARY_ONLY=ON -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_FIND_ROOT_PATH="$prefix" -Dnlohmann_json_DIR="$json" \
    -Dabsl_DIR="$prefix/lib/cmake/absl" "${flags[@]}"
  cmake --build "$prefix/build" --target bitnet_static
  libtool -static -no_warning_for_no_symbols -o "$prefix/libbitnet.a" "$prefix/build/engine/c_api/libbitnet.a" \
    "$prefix"/lib/libabsl_*.a "$prefix"/lib/libpcre2-8.a "$prefix"/lib/libutf8proc.a
  printf 'built %s\n' "$name"
}

slice ios iOS iphoneos arm64 16.3
slice simulator-arm64 iOS iphonesimulator arm64 16.3
slice simulator-x86_64 iOS iphonesimulator x86_64 16.3
slice macos Darwin macosx arm64 13.3
mkdir "$work/simulator"
lipo -create "$work"/simulator-{arm64,x86_64}/libbitnet.a -output "$work/simulator/libbitnet.a"

mkdir -p "$work/headers"
cp -R "$root/engine/include/bitnet" "$work/headers/"
cp "$here/framework.modulemap" "$work/headers/module.modulemap"
rm -rf "$here/Bitnet.xcframework"
xcodebuild -create-xcframework \
  -library "$work/ios/libbitnet.a" -headers "$work/headers" \
  -library "$work/simulator/libbitnet.a" -headers "$work/headers" \
  -library "$work/macos/libbitnet.a" -headers "$work/headers" \
  -output "$here/Bitnet.xcframework"
