#!/usr/bin/env bash
# Builds deploy/examples against an installed library alone, with CMake and with pkg-config, shared and static, and runs
# each on the embedded model: all must give the same answer.
#
# Usage: use_library.sh SOURCE PREFIX
# CC, CXX and CMAKE name the programs to use.
set -euo pipefail

source=$1
prefix=$2
model=$source/models/lighthouse-1.58b-6m.gguf
question='What is a lighthouse?'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

die() {
  printf 'use_library: %s\n' "$1" >&2
  exit 1
}

# expect NAME ANSWER: the first answer there is sets what all others must be.
wanted=
expect() {
  printf '%s: %s\n' "$1" "$2"
  [[ -n $2 ]] || die "$1 answered nothing"
  [[ ${wanted:=$2} == "$2" ]] || die "$1 answered otherwise"
}

library=$(dirname "$(find "$prefix/lib" -name libbitnet.a)")
"$CMAKE" -S "$source/deploy/examples" -B "$work/examples" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$CC" \
  -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_C_FLAGS="-Wall -Wextra -pedantic -Werror" \
  -DCMAKE_CXX_FLAGS="-Wall -Wextra -pedantic -Werror" > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
"$CMAKE" --build "$work/examples" > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
expect 'chat, CMake, shared' "$("$work/examples/chat" "$model" <<< "$question")"
expect 'chat, CMake, static' "$("$work/examples/chat_static" "$model" <<< "$question")"
if ldd "$work/examples/chat_static" | grep -q libbitnet; then
  die 'chat_static needs libbitnet.so'
fi

export PKG_CONFIG_PATH=$library/pkgconfig
[[ $(pkg-config --modversion bitnet) == 0.* ]] || die 'pkg-config knows no version'
# shellcheck disable=SC2046  # Flags are words.
"$CC" -std=c11 "$source/deploy/examples/c/chat.c" -o "$work/chat" $(pkg-config --cflags --libs bitnet)
expect 'chat, pkg-config, shared' "$(LD_LIBRARY_PATH=$library "$work/chat" "$model" <<< "$question")"
# shellcheck disable=SC2046
"$CC" -std=c11 -c "$source/deploy/examples/c/chat.c" -o "$work/chat.o" $(pkg-config --static --cflags bitnet)
# shellcheck disable=SC2046
"$CXX" -static "$work/chat.o" -o "$work/chat_static" $(pkg-config --static --libs bitnet)
expect 'chat, pkg-config, static' "$("$work/chat_static" "$model" <<< "$question")"

# An answer for each of the texts, each the same as alone.
together=$("$work/examples/stream" "$model" 'A lighthouse is' 'A volcano is')
alone=$("$work/examples/stream" "$model" 'A lighthouse is'; "$work/examples/stream" "$model" 'A volcano is')
printf '%s\n' "$together"
[[ $together == "$alone" && $(wc -l <<< "$together") -ge 2 ]] || die 'stream answers otherwise to two texts at once'
"$work/examples/stream" /nowhere.gguf x 2> "$work/error" && die 'stream found a model that is not there'
grep -q 'NOT_FOUND: .*/nowhere.gguf' "$work/error" || die "stream complains otherwise: $(cat "$work/error")"

# It has no system message, so its answer may be another.
BITNET_LIBRARY=$library/libbitnet.so python3 -B "$source/deploy/examples/python/ask.py" "$model" "$question" \
  > "$work/answer" 2> "$work/error" || { cat "$work/error"; exit 1; }
cat "$work/answer" "$work/error"
[[ -s $work/answer ]] || die 'ask.py answered nothing'
grep -qE '^[0-9]+ tokens, (end|length)$' "$work/error" || die "ask.py: $(cat "$work/error")"
