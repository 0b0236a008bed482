#!/usr/bin/env bash
# The inside of machine.sh: makes the machine's file system and becomes its systemd, which writes a line to SCRATCH/up when it is up.
# Usage: boot.sh SCRATCH
set -euo pipefail
scratch=$1
layers=$scratch/layers
root=$scratch/root

mkdir "$layers" "$root"
mount -t tmpfs layers "$layers"
mkdir "$layers/upper" "$layers/work"
mount -t overlay -o "lowerdir=/,upperdir=$layers/upper,workdir=$layers/work" root "$root"
mount --bind "$scratch" "$root$scratch" # A pipe is the same on both sides only if its file system is.

mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs run "$root/run"
mount -t tmpfs dev "$root/dev"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t tmpfs shm "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx" # PrivateDevices= asks for it.

# Nothing starts by itself, and a container's word that packages shall start nothing does not hold here.
rm -rf "$root"/{etc,lib}/systemd/system/*.wants "$root/usr/sbin/policy-rc.d"
cat > "$root/etc/systemd/system/up.service" << end
[Unit]
Requires=systemd-journald.socket
After=systemd-journald.socket
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'ip link set lo up; echo up > $scratch/up'
end

mkdir "$root/old"
cd "$root"
pivot_root . old
cd /
umount --lazy /old
rmdir /old
exec env -i container=bitnet PATH=/usr/sbin:/usr/bin /lib/systemd/systemd --unit=up.service --log-target=console --show-status=no
