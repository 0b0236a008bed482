# shellcheck shell=bash disable=SC2154  # deploy/install has set `here`, `prefix` and `patience`.
# What deploy/install does with the running service. To be sourced after lib.sh; works in the bash 3.2 of macOS.
#
# systemd/service.sh and launchd/service.sh have what differs: service_install, service_update_settings (true if they have changed),
# service_stop_and_start (by draining), front_pid (0 or nothing if none runs), program_of PID (its file, without links).

# replace_if_other FILE: standard input becomes FILE; false if FILE was like that already.
replace_if_other() {
  local fresh
  fresh=$(mktemp)
  cat > "$fresh"
  if cmp -s "$fresh" "$1"; then
    rm "$fresh"
    return 1
  fi
  chmod 644 "$fresh"
  mv "$fresh" "$1"
}

system=$(uname -s)
if [[ $system == Linux ]]; then
  # shellcheck source=deploy/systemd/service.sh
  source "$here/systemd/service.sh"
elif [[ $system == Darwin ]]; then
  # shellcheck source=deploy/launchd/service.sh
  source "$here/launchd/service.sh"
else
  die "unknown system $system: Linux with systemd and macOS are supported"
fi

# runs PID VERSION: the process has its program from that version.
runs() { [[ $(program_of "$1" 2> /dev/null) == "$(cd "$prefix" && pwd -P)/$2/bin/"* ]]; }

# workers_run VERSION: there are workers, and all of them are of that version.
workers_run() {
  local front worker found=
  front=$(front_pid)
  [[ -n $front && $front != 0 ]] || return
  for worker in $(pgrep -P "$front"); do
    runs "$worker" "$1" || return
    found=1
  done
  [[ -n $found ]]
}

# await_workers VERSION [COMMAND...]: until all workers are of that version; COMMAND is run each second before that.
await_workers() {
  local wanted=$1 end=$((SECONDS + patience))
  shift
  until workers_run "$wanted"; do
    [[ $SECONDS -lt $end ]] ||
      die "the workers of $wanted are not there after $patience s; bitnet-front's log has the reason. To go back: deploy/install rollback"
    if [[ $# -gt 0 ]]; then "$@"; fi
    sleep 1
  done
}

# service_reload VERSION: workers are started again, one after the other. A front that does so already takes no second order, hence repeated ones.
service_reload() { await_workers "$1" order_reload; }
order_reload() {
  local front
  front=$(front_pid)
  [[ -z $front || $front == 0 ]] || kill -HUP "$front" || true
}

# service_restart VERSION: the service is drained and started again.
service_restart() {
  service_stop_and_start
  await_workers "$1"
}

# front_runs VERSION: the front that runs was started from there, and has its embedded model from there.
front_runs() {
  local front
  front=$(front_pid 2> /dev/null || true)
  [[ -n $front && $front != 0 ]] && runs "$front" "$1"
}
