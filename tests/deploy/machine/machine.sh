#!/usr/bin/env bash
# A machine to install things on that is thrown away: this one's file system, copied on write, with a systemd of its own as
# process 1 and a network of its own.
#
# Usage: machine.sh COMMAND...
#   Runs COMMAND in it as root, ends everything there, and leaves with COMMAND's exit code.
#
# Only namespaces make it (unshare(1)), so it needs root and the right to mount; where there is not, as in most containers, it says so and
# leaves with 77. All files are inside at the same paths; what is written to them is gone afterwards. The kernel is this machine's:
# /sys and /proc/sys are read-only.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

skip() {
  printf 'machine.sh: %s\n' "$*" >&2
  exit 77
}

[[ $(id -u) == 0 ]] || skip "needs root"
cgroups=$(findmnt --noheadings --first-only --types cgroup2 --output TARGET || true)
[[ -n $cgroups && -w $cgroups/cgroup.procs ]] || skip "needs a cgroup2 to write to"
unshare --mount --pid --fork true 2> /dev/null || skip "may not make namespaces"
if [[ ! -x /lib/systemd/systemd ]]; then
  [[ -z ${BITNET_REQUIRE_ALL:-} ]] || { echo "machine.sh: systemd is missing" >&2; exit 1; }
  skip "systemd is missing"
fi

scratch=$(mktemp -d)
group=$cgroups/bitnet-machine-$$
mkdir "$group"
machine=
# shellcheck disable=SC2317  # The trap calls it.
stop() {
  # With its first process go all of them, and unshare waits for that.
  [[ -z $machine ]] || pkill -KILL --parent "$machine" 2> /dev/null || true
  wait 2> /dev/null
  find "$group" -depth -type d -exec rmdir {} \;
  rm -rf "$scratch"
}
trap stop EXIT

mkfifo "$scratch/up"
# Who is in a cgroup when a namespace of cgroups is made has it for its root.
(
  echo "$BASHPID" > "$group/cgroup.procs"
  exec unshare --cgroup --mount --pid --ipc --uts --net --fork --kill-child "$here/boot.sh" "$scratch"
) > "$scratch/log" 2>&1 &
machine=$!
exec 3<> "$scratch/up"
read -r -t 60 -u 3 _ || { cat "$scratch/log" >&2; echo "machine.sh: the machine did not come up" >&2; exit 1; }

status=0
nsenter --target "$(pgrep --parent "$machine")" --all env --chdir="$PWD" "$@" || status=$?
exit "$status"
