#!/usr/bin/env bash
# One model, one definition: compares the logits of every instruction set byte by byte, this machine's and those of another, which
# is emulated, with different numbers of threads and chunk sizes.
#
# Usage: tests/engine/compare_logits.sh NATIVE_BUILD arm64 BUILD      as build/dev arm64 build/arm64-engine, under qemu
#        tests/engine/compare_logits.sh NATIVE_BUILD wasm BUILD       as build/dev wasm build/wasm/bitnet, by node
set -euo pipefail

usage() {
  sed -n '5,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}
[[ $# == 3 && -d $1 && -d $3 ]] || usage
native_build=$1
other=$2
emulated_build=$3
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
sysroot=${BITNET_ARM64_SYSROOT:-$root/build/sysroot-arm64}

# Each run is isa:threads:chunk-size. The first is what the others must equal.
native_runs=(portable:1:16 portable:2:5)
if [[ $(uname -m) == x86_64 ]]; then
  native_runs+=(x86_avx2:1:64 x86_avx2:2:16)
  if grep -q avx512_vnni /proc/cpuinfo; then
    native_runs+=(x86_avx512vnni:2:16 x86_avx512vnni:1:7)
  else
    echo "compare_logits.sh: this CPU has no AVX-512 VNNI; x86_avx512vnni is not compared"
  fi
fi
native() { "$native_build/bin/logits_dump" "$@"; }
case $other in
  arm64)
    emulated() { qemu-aarch64-static -cpu max -L "$sysroot" "$emulated_build/bin/logits_dump" "$@"; }
    emulated_runs=(arm_neoni8mm:1:16 arm_neondot:1:16 arm_neondot:2:7 portable:1:16)
    ;;
  wasm)
    # Emscripten's loader takes node's own fetch for a browser's.
    emulated() { node --no-experimental-fetch "$emulated_build/bin/logits_dump.js" "$@"; }
    emulated_runs=(portable:1:16 portable:2:7)
    ;;
  *) usage ;;
esac

# compare NAME LOGITS_DUMP-OPTION...
compare() {
  local name=$1 first='' run isa threads chunk file machine
  shift
  local count=0 bytes
  for machine in native emulated; do
    local -n runs=${machine}_runs
    for run in "${runs[@]}"; do
      IFS=: read -r isa threads chunk <<< "$run"
      file=$scratch/$machine-$run
      "$machine" "$@" --batch 3 --isa "$isa" --threads "$threads" --chunk "$chunk" --output "$file"
      if [[ -z $first ]]; then
        first=$file
        bytes=$(stat --format %s "$file")
        [[ $bytes -gt 0 ]] || { echo "FAILED: $name: no logits" >&2; exit 1; }
      elif ! cmp "$first" "$file"; then
        echo "FAILED: $name: $machine $isa with $threads threads and chunks of $chunk differs from native portable" >&2
        exit 1
      else
        count=$((count + 1))
      fi
    done
  done
  echo "$name: $((bytes / 4)) logits equal to the last bit in $((count + 1)) runs: native ${native_runs[*]}; $other ${emulated_runs[*]}"
  rm -f "$scratch"/*
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
compare "random model" --length 80
compare "lighthouse" --model "$root/models/lighthouse-1.58b-6m.gguf" --length 60
