#!/usr/bin/env bash
# Compiles every source of libbitnet for an iPhone, with zig, which has the headers of Apple's C library: those that are
# named after an instruction set with that set, all others for the baseline, as kernels/CMakeLists.txt does. Exit status 77:
# there is no zig (`pip install ziglang`).
# Usage: ios_compile.sh [FILE...]
set -euo pipefail
cd "$(dirname "$0")/../../.."
zig=$(python3 -c 'import os, ziglang; print(os.path.join(os.path.dirname(ziglang.__file__), "zig"))' 2> /dev/null) || {
  echo "there is no zig: not compiled for iOS"
  exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/include"
# Alone: the rest of the directory is Linux'.
for header in absl nlohmann pcre2.h utf8proc.h; do
  ln -s "/usr/include/$header" "$work/include/$header"
done

sources() {
  find kernels -name '*.cc' ! -name 'x86_*'
  find engine -name '*.cc' ! -path 'engine/cli/*' ! -path 'engine/convert/*' ! -name '*_linux.cc' ! -name objc_runtime_apple.cc
  printf 'base/%s.cc\n' apple/chip apple/sysctl apple/sysctl_system json_depth sensors/energy_shares stop_strings thread_qos_apple \
    utf8_stream version
}

compile() {
  local cpu
  case $1 in
    */arm_neoni8mm.cc) cpu=apple_a10+dotprod+i8mm ;;
    */arm_neondot.cc) cpu=apple_a10+dotprod ;;
    *) cpu=apple_a10 ;;
  esac
  # After zig's own C++ library, which includes the next header of the same name.
  "$zig" c++ -target aarch64-ios.16.3 -mcpu="$cpu" -std=c++20 -Wall -Wextra -Werror -ffp-contract=off \
    -DBITNET_VERSION='"0.1.0"' -c "$1" -o "$work/${1//\//_}.o" -I . -I engine/include -isystem "$work/include" \
    -idirafter "$(dirname "$zig")/lib/libc/include/any-darwin-any" && echo "compiled $1"
}
export -f compile
export zig work

if [[ $# == 0 ]]; then
  mapfile -t files < <(sources | sort)
  set -- "${files[@]}"
fi
# xargs ends with 123 if one of them did not compile.
printf '%s\n' "$@" | xargs -P "$(getconf _NPROCESSORS_ONLN)" -I '{}' bash -c 'compile {}'
