#!/usr/bin/env bash
# Installs the library into a new directory, moves that, and uses it as use_library.sh does.
#
# Usage: install_test.sh SOURCE BUILD
# CC, CXX and CMAKE name the programs to use.
set -euo pipefail

source=$1
build=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

die() {
  printf 'install_test: %s\n' "$1" >&2
  exit 1
}

"$CMAKE" --install "$build" --component library --prefix "$work/first" > /dev/null
# Nothing may depend on where it was installed.
mv "$work/first" "$work/prefix"
prefix=$work/prefix
[[ -f $prefix/include/bitnet/bitnet.h ]] || die 'bitnet.h is not installed'
[[ -z $(find "$prefix/include" -name '*.h' ! -name bitnet.h) ]] || die 'more headers than bitnet.h are installed'
if grep -rq --include='*.cmake' --include='*.pc' "$build" "$prefix/lib"; then
  die 'a package file names the build'
fi
"$here/use_library.sh" "$source" "$prefix"
