#!/usr/bin/env bash
# The programs in Go, into FOLDER: a client made of our .proto file with grpc-go, grpc-health-probe, and ghz, which makes load.
#
# Usage: tests/outside/clients/install_go.sh FOLDER
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)

export GOBIN=$folder/bin
go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12
go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2
go install github.com/grpc-ecosystem/grpc-health-probe@v0.4.62
go install github.com/bojand/ghz/cmd/ghz@v0.120.0

proto=bitnet/v1/inference.proto
rm -rf "$folder/source"
cp -r "$here/go" "$folder/source"
PATH=$GOBIN:$PATH protoc -I "$root/proto" --go_out="$folder/source" --go-grpc_out="$folder/source" \
  --go_opt="module=bitnet.test/clients,M$proto=bitnet.test/clients/bitnet/v1" \
  --go-grpc_opt="module=bitnet.test/clients,M$proto=bitnet.test/clients/bitnet/v1" "$proto"
cd "$folder/source"
go build -o "$folder/bin/go-client" .
