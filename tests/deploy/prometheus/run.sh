#!/bin/sh
# run.sh config|rules|FILE: checks deploy/prometheus with promtool; FILE is one of the *_test.yml here.
# Exit code 77: promtool (Debian package prometheus) is missing, and BITNET_REQUIRE_ALL is not set.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
deploy=$here/../../../deploy/prometheus
PATH=$PATH:$here/../../../build/promtool/usr/bin # Where tests/run unpacks it.

if ! command -v promtool >/dev/null; then
  echo "promtool (Debian package prometheus) is missing" >&2
  test -n "${BITNET_REQUIRE_ALL:-}" && exit 1
  exit 77
fi

case $1 in
  config) promtool check config "$deploy/prometheus.yml" ;;
  rules)
    promtool check rules "$deploy/recording_rules.yml" "$deploy/alert_rules.yml"
    # A rule without a test would pass whatever it says.
    sed -n 's/^ *- alert: //p' "$deploy/alert_rules.yml" | while read -r alert; do
      grep -q "alertname=\"$alert\"" "$here"/*_test.yml || { echo "$alert: no test" >&2; exit 1; }
    done
    ;;
  *) promtool test rules "$here/$1" ;;
esac
