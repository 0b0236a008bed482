# shellcheck shell=bash disable=SC2154  # deploy/service.sh sources this and has set `here` and `prefix`.
# launchd's side of deploy/service.sh.
label=org.bitnet.front
daemons=/Library/LaunchDaemons

make_plist() { sed "s#/opt/bitnet#$prefix#g" "$here/launchd/$1.plist"; }

service_update_settings() { make_plist "$label" | replace_if_other "$daemons/$label.plist"; }

service_install() {
  "$here/launchd/make-account"
  install -d -o _bitnet -g _bitnet -m 750 /var/log/bitnet
  install -m 755 "$here/launchd/rotate-logs" "$prefix/rotate-logs"
  service_update_settings || true
  make_plist "$label.logs" | replace_if_other "$daemons/$label.logs.plist" || true
  launchctl bootstrap system "$daemons/$label.logs.plist"
  launchctl bootstrap system "$daemons/$label.plist"
}

# bootout sends SIGTERM, which drains, and may return before the end of that; only then can the label come again.
service_stop_and_start() {
  launchctl bootout "system/$label" || true
  while launchctl print "system/$label" > /dev/null 2>&1; do sleep 1; done
  launchctl bootstrap system "$daemons/$label.plist"
}

front_pid() { launchctl print "system/$label" 2> /dev/null | awk '$1 == "pid" { print $3; exit }'; }
program_of() { lsof -a -p "$1" -d txt -F n | sed -n 's/^n//p' | head -n 1; }
