#!/bin/sh
# lintian.sh FOLDER: lintian has neither an error nor a warning for the packages of the first version in FOLDER.
# Exit code 77: lintian is missing, and BITNET_REQUIRE_ALL is not set.
set -eu

if ! command -v lintian > /dev/null; then
  echo "lintian is missing" >&2
  test -n "${BITNET_REQUIRE_ALL:-}" && exit 1
  exit 77
fi
lintian --allow-root --info --fail-on error,warning "$1"/*_0.0.1_*.deb
