#!/usr/bin/env bash
# Uses the library's Debian packages as tests/deploy/library/use_library.sh does.
#
# Usage: library_test.sh unpacked|installed SOURCE PACKAGES
#   unpacked   below a scratch directory
#   installed  by dpkg, which has to find what they depend on; to be run in a machine of tests/deploy/machine
# PACKAGES is a directory of build_packages.sh. CC, CXX and CMAKE name the programs to use.
set -euo pipefail

how=$1
source=$2
runtime=$(echo "$3"/libbitnet[0-9]*_0.0.1_*.deb)
development=$(echo "$3"/libbitnet-dev_0.0.1_*.deb)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

die() {
  printf 'library_test: %s\n' "$1" >&2
  exit 1
}

case $how in
  unpacked)
    dpkg -x "$runtime" "$work"
    [[ -z $(find "$work" -name '*.so' -o -name '*.a' -o -name '*.h') ]] || die 'a package for programs that run has more than that'
    dpkg -x "$development" "$work"
    prefix=$work/usr
    ;;
  installed)
    dpkg --install "$runtime" "$development"
    prefix=/usr
    # Programs below are told where it is, so this is asked for by itself.
    ldconfig -p | grep -q 'libbitnet\.so\.[0-9]' || die 'ldconfig does not know the library'
    ;;
  *) die "neither unpacked nor installed: $how" ;;
esac
"$source/tests/deploy/library/use_library.sh" "$source" "$prefix"
