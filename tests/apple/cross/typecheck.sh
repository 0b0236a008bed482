#!/usr/bin/env bash
# Compiles what a Mac would run of the front, the worker, the proto files and base, file by file, with zig for macOS 13; nothing is
# linked, for gRPC, Protobuf, prometheus-cpp and OpenSSL are here for Linux alone. Their headers, and Boost's, are those of Debian.
#
# Usage: tests/apple/cross/typecheck.sh [FOLDER [FILE...]]      FOLDER: build/macos, where zig and the generated headers go
#
# Exit code 77: there is no zig; with BITNET_REQUIRE_ALL that is an error.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
folder=${1:-$root/build/macos}
shift || true
# shellcheck source=cmake/debian_sources.sh
source "$root/cmake/debian_sources.sh"
# shellcheck source=tests/apple/cross/zig.sh
source "$root/tests/apple/cross/zig.sh"

# Alone, since the rest of /usr/include is Linux': the libraries' headers.
provide_headers() {
  mkdir -p "$folder/headers/every" "$folder/headers/machine" "$folder/generated"
  local name
  for name in absl boost CLI fmt google grpc grpcpp nlohmann openssl pcre2.h prometheus spdlog utf8proc.h; do
    ln -sfn "/usr/include/$name" "$folder/headers/every/$name"
  done
  ln -sfn "/usr/include/$(gcc -print-multiarch)/openssl" "$folder/headers/machine/openssl" # Its numbers are those of any 64 bits.
}

generate_protos() {
  (cd "$root" && find proto -name '*.proto' ! -path '*/google/protobuf/*' -print0) |
    (cd "$root" && xargs -0 protoc -I proto --cpp_out="$folder/generated/proto" --grpc_out="$folder/generated/proto" \
      --plugin=protoc-gen-grpc="$(command -v grpc_cpp_plugin)")
}

sources() {
  (cd "$root" && find base service worker -name '*.cc' ! -name '*_linux.cc' ! -path worker/syscall_filter.cc ! -path 'service/top/*' |
    grep -vxF -f <(linux_sources) | sort)
}
# What CMakeLists.txt takes on Linux alone and does not call so.
linux_sources() {
  printf 'base/%s.cc\n' linux_cpu_quota linux_cpus sensors/{cpu_frequency,hwmon,memory_stalls,powercap,sysfs_file,thermal_zones}
}

compile() {
  # Boost 1.74 does not know this clang.
  "$folder/bin/c++" -std=c++20 -O0 -Wall -Wextra -Werror -Wno-unused-command-line-argument -ferror-limit=5 -DBITNET_VERSION='"0"' \
    -DBOOST_ASIO_HAS_STD_INVOKE_RESULT -DBOOST_ASIO_HAS_CO_AWAIT -DBOOST_ASIO_HAS_STD_COROUTINE \
    -I "$root" -I "$folder/generated" -I "$folder/generated/proto" -isystem "$root/tests/apple/cross/declarations" -isystem "$folder/headers/every" \
    -idirafter "$folder/headers/machine" -c "$root/$1" -o "$folder/generated/$$.o" && rm "$folder/generated/$$.o" && echo "compiled $1"
}

provide_zig
provide_headers
mkdir -p "$folder/generated/proto"
generate_protos
export root folder
export -f compile
[[ $# -gt 0 ]] || mapfile -t files < <(sources)
printf '%s\n' "${@:-${files[@]}}" | xargs -P "$(nproc)" -I FILE bash -c 'compile FILE'
