#!/usr/bin/env bash
# One model, one definition: compares the logits of every instruction set byte by byte, this machine's natively and
# arm64's under qemu, with different numbers of threads and chunk sizes.
#
# Usage: tests/arm64/compare_logits.sh NATIVE_BUILD ARM64_BUILD     (as build/dev build/arm64-engine)
set -euo pipefail

[[ $# == 2 && -d $1 && -d $2 ]] || { sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
native=$1/bin/logits_dump
arm64=$2/bin/logits_dump
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
sysroot=${BITNET_ARM64_SYSROOT:-$root/build/sysroot-arm64}

# isa:threads:chunk-size. The first is what the others must equal.
native_runs=(portable:1:16 portable:2:5)
if [[ $(uname -m) == x86_64 ]]; then
  native_runs+=(x86_avx2:1:64 x86_avx2:2:16)
  if grep -q avx512_vnni /proc/cpuinfo; then
    native_runs+=(x86_avx512vnni:2:16 x86_avx512vnni:1:7)
  else
    echo "compare_logits.sh: this CPU has no AVX-512 VNNI; x86_avx512vnni is not compared"
  fi
fi
arm64_runs=(arm_neoni8mm:1:16 arm_neondot:1:16 arm_neondot:2:7 portable:1:16)

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# compare NAME LOGITS_DUMP-OPTION...
compare() {
  local name=$1 first='' run isa threads chunk file machine
  shift
  local count=0 bytes
  for machine in native arm64; do
    local -n runs=${machine}_runs
    local command=("$native")
    [[ $machine == native ]] || command=(qemu-aarch64-static -cpu max -L "$sysroot" "$arm64")
    for run in "${runs[@]}"; do
      IFS=: read -r isa threads chunk <<< "$run"
      file=$scratch/$machine-$run
      "${command[@]}" "$@" --batch 3 --isa "$isa" --threads "$threads" --chunk "$chunk" --output "$file"
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
  echo "$name: $((bytes / 4)) logits equal to the last bit in $((count + 1)) runs: native ${native_runs[*]}; qemu ${arm64_runs[*]}"
  rm -f "$scratch"/*
}

compare "random model" --length 80
compare "lighthouse" --model "$root/models/lighthouse-1.58b-6m.gguf" --length 60
