#!/usr/bin/env bash
# Converts the embedded model, and has readers that others wrote judge the files.
#
# Usage: tests/outside/gguf/run.sh BITNET-CONVERT MODEL-DIRECTORY FOLDER
#
# FOLDER receives packages and files. Exit code 77: node, npm, python3 or a registry cannot be had, and BITNET_REQUIRE_ALL is not set.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
convert=$1 model=$2 folder=$3

missing() {
  echo "run.sh: $*" >&2
  [[ -z ${BITNET_REQUIRE_ALL:-} ]] || exit 1
  exit 77
}

for program in node npm python3; do
  command -v "$program" > /dev/null || missing "$program is missing"
done

# The copies of the lists are made last: they stand for complete installations.
mkdir -p "$folder/node" "$folder/files"
if ! cmp --silent "$here/package-lock.json" "$folder/node/installed.json"; then
  cp "$here/package.json" "$here/package-lock.json" "$folder/node/"
  npm ci --prefix "$folder/node" --ignore-scripts --no-audit --no-fund || missing "npm's registry cannot be reached"
  cp "$here/package-lock.json" "$folder/node/installed.json"
fi
if ! cmp --silent "$here/requirements.txt" "$folder/venv/installed.txt"; then
  python3 -m venv "$folder/venv" || missing "python3 has no venv"
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt" ||
    missing "PyPI cannot be reached"
  cp "$here/requirements.txt" "$folder/venv/installed.txt"
fi

# to NAME INPUT OPTION...
to() {
  local name=$1 input=$2
  shift 2
  "$convert" --input "$input" --output "$folder/files/$name.gguf" --force "$@" > "$folder/files/$name.log" 2>&1 || {
    cat "$folder/files/$name.log" >&2
    exit 1
  }
}
rm -f "$folder"/files/*
for type in i2_s tq1_0 tq2_0 q2_0 f16; do
  to "directory-$type" "$model" --outtype "$type"
  to "file-$type" "$model.gguf" --outtype "$type"
done
for type in f32 bf16 q8_0 q6_k q4_0; do
  to "embedding-$type" "$model" --outtype tq2_0 --embedding-type "$type"
done
for mode in 2bit base3; do
  to "packed-$mode" "$model" --pack-mode "$mode"
  to "unpacked-$mode" "$folder/files/packed-$mode.gguf" --outtype i2_s
done

export PYTHONDONTWRITEBYTECODE=1
"$folder/venv/bin/python" "$here/expected.py" "$model" > "$folder/expected.json"
NODE_PATH="$folder/node/node_modules" node "$here/headers.cjs" "$folder/expected.json" "$folder"/files/*.gguf
# The Python package has no number for I2_S, Q2_0 and our layouts.
"$folder/venv/bin/python" "$here/weights.py" "$model" "$folder"/files/{directory,file}-{tq1_0,tq2_0,f16}.gguf "$folder"/files/embedding-*.gguf
