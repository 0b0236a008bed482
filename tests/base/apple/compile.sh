#!/bin/sh
# Compiles files, or else base/sensors, for a Mac with Apple Silicon, with zig, which has the headers of macOS' C library.
# What else is needed of the SDK is declared in declarations/. Exit status 77: there is no zig (`pip install ziglang`, or on
# PATH). Usage: compile.sh [FILE...]
set -eu
root=$(cd "$(dirname "$0")/../../.." && pwd)
if command -v zig > /dev/null; then
  zig=zig
elif python3 -c 'import ziglang' 2> /dev/null; then
  zig="python3 -m ziglang"
else
  echo "there is no zig: not compiled for macOS"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/include"
ln -s /usr/include/absl "$work/include/absl" # Alone: the rest of the directory is Linux'.
cd "$root"
[ $# -gt 0 ] || set -- base/topology_apple.cc base/sensors/*.cc base/sensors/apple/*.cc
for file in "$@"; do
  case $file in
    base/sensors/sensors_linux.cc | base/sensors/powercap.cc | base/sensors/hwmon.cc | base/sensors/thermal_zones.cc | \
      base/sensors/cpu_frequency.cc | base/sensors/cpu_time_linux.cc | base/sensors/sysfs_file.cc) continue ;;
  esac
  # Abseil of Debian is older than zig's clang, and warns.
  $zig c++ -target aarch64-macos.13.0 -std=c++20 -Wall -Wextra -Werror -c "$file" -o "$work/object.o" \
    -I . -isystem "$work/include" -isystem tests/base/apple/declarations
  echo "compiled $file"
done
