# shellcheck shell=bash disable=SC2154  # deploy/service.sh sources this and has set `here` and `prefix`.
# systemd's side of deploy/service.sh.
unit=/etc/systemd/system/bitnet-front.service

# The unit names the worker by the link, for a front keeps to the folder that it was started from.
make_unit() {
  sed "s#/usr/local/bin/bitnet-front#$prefix/current/bin/bitnet-front --worker-binary $prefix/current/bin/bitnet-worker#
       s#/usr/local/#$prefix/current/#g" "$here/systemd/bitnet-front.service"
}

service_update_settings() {
  make_unit | replace_if_other "$unit" || return
  systemctl daemon-reload
}

service_install() {
  mkdir -p /etc/sysusers.d
  cp "$here/systemd/bitnet.sysusers" /etc/sysusers.d/bitnet.conf
  systemd-sysusers bitnet.conf
  service_update_settings || true
  systemctl enable --quiet --now bitnet-front
}

# The stop is a drain, and systemctl waits for it.
service_stop_and_start() { systemctl restart bitnet-front; }
front_pid() { systemctl show --value --property MainPID bitnet-front; }
program_of() { readlink "/proc/$1/exe"; }
