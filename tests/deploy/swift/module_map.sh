#!/bin/sh
# Compiles C against deploy/swift's two module maps as Swift's compiler does, with clang's modules: the installed library's,
# and the framework's with its headers in the framework's layout. Exit status 77: there is no clang.
# Usage: module_map.sh SOURCE
set -eu
source=$1
command -v clang > /dev/null || { echo "there is no clang: module maps not compiled"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat > "$work/program.c" << 'END'
#pragma clang module import CBitnet
int main(void) {
  bitnet_engine_options options;
  bitnet_engine_options_init(&options);
  return bitnet_engine_create("model", &options, 0, 0) == BITNET_INVALID_ARGUMENT;
}
END

compile() {
  clang -std=c11 -Wall -Wextra -Werror -fsyntax-only -fmodules -fmodules-cache-path="$work/cache-$1" "$2" "$3" "$work/program.c"
  echo "compiled with the module map of $1"
}

compile system -I"$source/engine/include" -fmodule-map-file="$source/deploy/swift/Sources/CBitnet/module.modulemap"
mkdir "$work/Headers"
cp -R "$source/engine/include/bitnet" "$work/Headers/"
cp "$source/deploy/swift/framework.modulemap" "$work/Headers/module.modulemap"
compile framework -I"$work/Headers" -fmodule-map-file="$work/Headers/module.modulemap"
