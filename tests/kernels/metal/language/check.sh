#!/bin/sh
# Has clang check kernels/metal/*.metal as C++14 in which device, constant and threadgroup memory have types of their own
# and there is no library; and that it finds each mistake of wrong/, saying what the file's first line wants. Exit
# status 77: there is no clang. Usage: check.sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../../.." && pwd)
clang=
for name in clang++-19 clang++-16 clang++ clang++-14; do
  if command -v "$name" > /dev/null; then
    clang=$name
    break
  fi
done
if [ -z "$clang" ]; then
  echo "there is no clang: address spaces are not checked"
  exit 77
fi

# Metal takes a literal without f for a float; here it would be a double and round otherwise, so it is refused.
check() {
  "$clang" -xc++ -std=c++14 -target aarch64 -fsyntax-only -nostdinc -nostdinc++ -D__METAL_VERSION__=310 -I "$here/shim" -I "$root" \
    -Wall -Wextra -Werror -Wdouble-promotion -Wimplicit-float-conversion -Wno-unknown-attributes -Wno-unknown-pragmas \
    -Wno-pragma-once-outside-header -Wno-unused-parameter -Wno-unused-function -Wno-unused-const-variable \
    -Wno-undefined-inline -Wno-undefined-internal "$1"
}

# What a Mac is given: all files in one.
embedded=$(mktemp -d)
trap 'rm -rf "$embedded"' EXIT
cmake -DROOT="$root" -DINPUT=kernels/metal/all.metal -DOUTPUT="$embedded/source.cc" -P "$root/kernels/metal/embed.cmake"
sed -e '1,/R"METAL(/d' -e '/^)METAL";$/,$d' "$embedded/source.cc" > "$embedded/all.metal"

failed=0
for file in "$root"/kernels/metal/*.metal "$embedded/all.metal" "$here/right.metal"; do
  check "$file" || failed=1
done
for file in "$here"/wrong/*.metal; do
  wanted=$(sed -n '1s,^// WANT: ,,p' "$file")
  if found=$(check "$file" 2>&1); then
    echo "$file: was accepted, but wanted: $wanted"
    failed=1
  elif ! printf '%s' "$found" | grep -qF "$wanted"; then
    echo "$file: wanted \"$wanted\", but found: $found"
    failed=1
  fi
done
[ "$failed" = 0 ] && echo "$clang: all kernels are right, and all mistakes found"
exit "$failed"
