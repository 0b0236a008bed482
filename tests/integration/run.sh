#!/bin/sh
# run.sh install FOLDER: the client's packages, as package-lock.json names them, into FOLDER.
# run.sh test FOLDER FILE: one file of tests with those packages; the programs come in the environment.
# Exit code 77: node or npm is missing, and BITNET_REQUIRE_ALL is not set.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

for program in node npm; do
  if ! command -v "$program" >/dev/null; then
    echo "$program is missing" >&2
    test -n "${BITNET_REQUIRE_ALL:-}" && exit 1
    exit 77
  fi
done

case $1 in
  install)
    mkdir -p "$2"
    # The copy of the lock file is made last: it stands for a complete installation.
    cmp -s "$here/package-lock.json" "$2/installed.json" && exit 0
    cp "$here/package.json" "$here/package-lock.json" "$2/"
    npm ci --prefix "$2" --ignore-scripts --no-audit --no-fund
    cp "$here/package-lock.json" "$2/installed.json"
    ;;
  test)
    # Where tests/run unpacks Prometheus.
    PATH=$PATH:$here/../../build/promtool/usr/bin NODE_PATH="$2/node_modules" exec node --test "$here/$3"
    ;;
esac
