#!/usr/bin/env bash
# Installs what others wrote, and has it judge the engine.
#
# Usage: tests/outside/run.sh install FOLDER                     packages of npm and PyPI, 150 MB
#        tests/outside/run.sh install-transformers FOLDER        torch and transformers, 5.6 GB
#        tests/outside/run.sh llama_cpp BUILD FOLDER [random|trained|CASE-NAME-PART...]
#        tests/outside/run.sh transformers BUILD FOLDER
#        tests/outside/run.sh peft BUILD FOLDER
#        tests/outside/run.sh templates BUILD FOLDER [--all] [--more TEMPLATES]
#        tests/outside/run.sh install-clients FOLDER             gRPC of Python and Go, Python's openai, 160 MB
#        tests/outside/run.sh clients BUILD FOLDER
#        tests/outside/run.sh openai BUILD FOLDER
#        tests/outside/run.sh twin BUILD FOLDER [--small]
#
# FOLDER is where the packages are (build/outside), BUILD what was built (build/dev). Exit code 77: something is not installed,
# or does not exist for this machine; with BITNET_REQUIRE_ALL only the latter.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)

skip() {
  echo "run.sh: $*" >&2
  exit 77
}

missing() {
  [[ -z ${BITNET_REQUIRE_ALL:-} ]] || { echo "run.sh: $*" >&2; exit 1; }
  skip "$@"
}

# install_python NAME REQUIREMENTS [PIP-OPTION...]: a virtual environment FOLDER/NAME. The copy of the list is made last.
install_python() {
  local venv=$folder/$1 list=$here/$2
  shift 2
  cmp --silent "$list" "$venv/installed.txt" && return
  python3 -m venv "$venv" || missing "python3 has no venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "$@" --requirement "$list" || missing "PyPI cannot be reached"
  cp "$list" "$venv/installed.txt"
}

install_node() {
  command -v npm > /dev/null || missing "npm is missing"
  cmp --silent "$here/package-lock.json" "$folder/node/installed.json" && return
  mkdir -p "$folder/node"
  cp "$here/package.json" "$here/package-lock.json" "$folder/node/"
  npm ci --prefix "$folder/node" --ignore-scripts --no-audit --no-fund || missing "npm's registry cannot be reached"
  cp "$here/package-lock.json" "$folder/node/installed.json"
}

# A BLAS of many threads on a machine that does other things waits for itself.
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1

command=${1:-}
shift || true
case $command in
  install)
    folder=$1
    install_node
    install_python venv requirements.txt --no-deps
    ;;
  install-transformers)
    folder=$1
    install_python venv-transformers requirements-transformers.txt
    ;;
  install-clients)
    folder=$1
    install_python venv-clients requirements-clients.txt
    "$folder/venv-clients/bin/python" -m grpc_tools.protoc -I "$root/proto" --python_out "$folder/venv-clients" \
      --grpc_python_out "$folder/venv-clients" bitnet/v1/inference.proto
    if command -v go > /dev/null && command -v protoc > /dev/null; then
      "$here/clients/install_go.sh" "$folder/go-clients" || missing "the Go module proxy cannot be reached"
    fi
    ;;
  clients)
    build=$1 folder=$2
    [[ -x $folder/venv-clients/bin/python ]] || missing "no grpcio; see run.sh install-clients"
    go=()
    [[ -x $folder/go-clients/bin/go-client ]] && go=(--go "$folder/go-clients")
    exec "$folder/venv-clients/bin/python" "$here/clients/judge.py" --build "$build" --stubs "$folder/venv-clients" "${go[@]}"
    ;;
  openai)
    build=$1 folder=$2
    [[ -x $folder/venv-clients/bin/python ]] || missing "no openai; see run.sh install-clients"
    exec "$folder/venv-clients/bin/python" "$here/clients/openai_judge.py" --build "$build"
    ;;
  llama_cpp)
    build=$1 folder=$2
    shift 2
    case $(uname -sm) in "Linux x86_64" | "Linux aarch64") ;; *) skip "no llama.cpp for this machine" ;; esac
    libraries=$(find "$folder/node/node_modules/@node-llama-cpp" -name 'libllama.*' -printf '%h\n' -quit 2> /dev/null || true)
    [[ -n $libraries ]] || missing "no llama.cpp; see run.sh install"
    [[ -x $folder/venv/bin/python ]] || missing "no Python packages; see run.sh install"
    smollm2=$(find "$folder/venv" -name 'SmolLM2-135M-Instruct.Q4_1.gguf' -print -quit)
    exec "$folder/venv/bin/python" "$here/llama_cpp/judge.py" --engine-logits "$build/bin/engine_logits" \
      --libraries "$libraries" --work "$folder/llama_cpp" --smollm2 "$smollm2" "$@"
    ;;
  transformers)
    build=$1 folder=$2
    [[ -x $folder/venv-transformers/bin/python ]] || missing "no transformers; see run.sh install-transformers"
    # Compiling takes most of a minute, and compiled code fuses operations.
    CUDA_VISIBLE_DEVICES='' TORCHDYNAMO_DISABLE=1 HF_HUB_OFFLINE=1 exec "$folder/venv-transformers/bin/python" \
      "$here/transformers/judge.py" --engine-logits "$build/bin/engine_logits" --work "$folder/transformers"
    ;;
  peft)
    build=$1 folder=$2
    "$folder/venv-transformers/bin/python" -c 'import gguf, peft' 2> /dev/null ||
      skip "no transformers and peft; see run.sh install-transformers"
    CUDA_VISIBLE_DEVICES='' TORCHDYNAMO_DISABLE=1 HF_HUB_OFFLINE=1 exec "$folder/venv-transformers/bin/python" \
      "$here/adapters/judge.py" --adapter-logits "$build/bin/adapter_logits" --work "$folder/peft"
    ;;
  templates)
    build=$1 folder=$2
    shift 2
    trl=$(find "$folder/venv" -path '*/trl/chat_templates' -print -quit 2> /dev/null || true)
    [[ -n $trl && -d $folder/node/node_modules/@huggingface/jinja ]] || missing "no templates; see run.sh install"
    [[ -x $build/bin/jinja_render ]] || missing "no $build/bin/jinja_render"
    exec "$folder/venv/bin/python" "$here/templates/judge.py" --render "$build/bin/jinja_render" \
      --node-modules "$(realpath "$folder/node")" --trl "$trl" "$@"
    ;;
  twin)
    build=$1 folder=$2
    shift 2
    vocabulary=$folder/node/node_modules/llama3-tokenizer-js
    [[ -d $vocabulary && -x $folder/venv/bin/python ]] || missing "no vocabulary or no Python packages; see run.sh install"
    arm64=()
    sysroot=${BITNET_ARM64_SYSROOT:-$root/build/sysroot-arm64}
    if [[ -x $root/build/arm64-engine/bin/engine_logits ]] && command -v qemu-aarch64-static > /dev/null; then
      arm64=(--arm64-build "$root/build/arm64-engine" --qemu "qemu-aarch64-static -cpu max -L $sysroot")
    else
      echo "run.sh: no build/arm64-engine; its kernels are not compared"
    fi
    exec "$folder/venv/bin/python" "$root/tests/twin/test_twin.py" --build "$build" --vocabulary "$vocabulary" \
      --work "$folder/twin" "${arm64[@]}" "$@"
    ;;
  *)
    sed -n '4,16s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
    ;;
esac
