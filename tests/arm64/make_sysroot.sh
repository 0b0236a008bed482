#!/usr/bin/env bash
# Makes a directory with the distribution's arm64 packages, for the cross compiler and the emulator.
#
# Usage: tests/arm64/make_sysroot.sh [--serving] [DIRECTORY]
#   --serving   also what proto, worker and service need (gRPC, Boost, prometheus-cpp)
#   DIRECTORY   default: $BITNET_ARM64_SYSROOT, or build/sysroot-arm64
#
# Nothing is installed, and the machine's own package state is neither read nor written: apt runs with a state
# directory of its own, whose list of installed packages is empty, so that it resolves and downloads the whole
# closure. Running it again does nothing unless the package lists changed. Needs no root.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
serving=
sysroot=${BITNET_ARM64_SYSROOT:-$root/build/sysroot-arm64}
for argument in "$@"; do
  case $argument in
    --serving) serving=1 ;;
    -h | --help) sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    -*) echo "make_sysroot.sh: unknown option $argument" >&2; exit 2 ;;
    *) sysroot=$argument ;;
  esac
done

read_list() { sed 's/#.*//; s/[[:space:]]//g; /^$/d' "$@"; }

lists=("$root/deploy/packages/debian-arm64-engine.txt")
[[ -z $serving ]] || lists+=("$root/deploy/packages/debian-arm64-serving.txt")
mapfile -t packages < <(read_list "${lists[@]}")

# The stamp names what the sysroot holds; one made with --serving serves both.
stamp=$sysroot/.packages
if [[ -f $stamp ]] && [[ -z $(comm -23 <(printf '%s\n' "${packages[@]}" | sort) <(sort "$stamp")) ]]; then
  echo "sysroot $sysroot is up to date"
  exit 0
fi

case $(uname -s) in
  Linux) command -v apt-get > /dev/null || { echo "make_sysroot.sh: needs apt-get (Debian or Ubuntu)" >&2; exit 1; } ;;
  *) echo "make_sysroot.sh: needs a Debian or Ubuntu machine" >&2; exit 1 ;;
esac

# Only what this script made is replaced.
if [[ -e $sysroot && ! -f $stamp && ! -d $sysroot.apt ]]; then
  echo "make_sysroot.sh: $sysroot exists and is not a sysroot made by this script" >&2
  exit 1
fi

# The distribution's own sources only: others may not have arm64. Ubuntu serves arm64 from another host.
apt=$sysroot.apt
mkdir -p "$apt"/{state/lists/partial,cache/archives/partial,sources}
: > "$apt/status"
rm -f "$apt"/sources/*
for source in /etc/apt/sources.list /etc/apt/sources.list.d/{debian,ubuntu}.{list,sources}; do
  [[ -f $source ]] || continue
  sed -E 's#http://(archive|security|[a-z]+\.archive)\.ubuntu\.com/ubuntu#http://ports.ubuntu.com/ubuntu-ports#; s/^Architectures:.*$//; s/ ?arch=[a-z0-9,]+//' \
    "$source" > "$apt/sources/$(basename "$source")"
done
cat > "$apt/apt.conf" <<EOF
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Install-Recommends "false";
APT::Sandbox::User "$(id -un)";
APT::Get::AllowUnauthenticated "false";
APT::Update::Post-Invoke { };
Acquire::Languages "none";
Acquire::Retries "3";
Dir::State "$apt/state";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$apt/sources";
Dir::Log "$apt";
EOF
apt_get() {
  APT_CONFIG=$apt/apt.conf apt-get --quiet=2 --yes -o Dpkg::Use-Pty=0 "$@" ||
    { echo "make_sysroot.sh: apt-get $1 for arm64 failed" >&2; exit 1; }
}

# record PACKAGE: as if it were installed, for dpkg-shlibdeps, which tells what a program of arm64 depends on (cmake/shlibdeps.in). It
# looks for files where they lie here.
record() {
  local control name file
  control=$(mktemp -d)
  dpkg-deb --control "$1" "$control"
  name=$(dpkg-deb --field "$1" Package)
  if grep -q '^Multi-Arch: same' "$control/control"; then name+=:arm64; fi
  { sed '/^Package:/a Status: install ok installed' "$control/control"; echo; } >> "$database/status"
  dpkg-deb --fsys-tarfile "$1" | tar -t | sed -E "s#^\./(lib|bin|sbin)/#./usr/\1/#; s#^\.#$sysroot#; s#/\$##" > "$database/info/$name.list"
  for file in symbols shlibs; do
    [[ ! -f $control/$file ]] || cp "$control/$file" "$database/info/$name.$file"
  done
  rm -r "$control"
}

echo "downloading the arm64 packages"
apt_get update
apt_get --download-only install "${packages[@]}"

# /bin, /lib and /sbin are links into /usr, as on an installed system; packages still name both.
echo "unpacking into $sysroot"
rm -rf "$sysroot"
mkdir -p "$sysroot"/usr/{bin,lib,sbin}
for directory in bin lib sbin; do ln -s "usr/$directory" "$sysroot/$directory"; done
database=$sysroot/var/lib/dpkg
mkdir -p "$database"/{info,updates}
echo 1 > "$database/info/format"
for package in "$apt"/cache/archives/*.deb; do
  record "$package"
  dpkg-deb --fsys-tarfile "$package" |
    tar -x -C "$sysroot" --keep-directory-symlink --no-same-owner \
      --exclude=./usr/share/doc --exclude=./usr/share/man --exclude=./usr/share/locale
done
rm -rf "$apt/cache"

# Links to /… would leave the sysroot.
find "$sysroot" -type l -lname '/*' -print0 | while IFS= read -r -d '' link; do
  ln -sfn --relative "$sysroot$(readlink "$link")" "$link"
done

printf '%s\n' "${packages[@]}" > "$stamp"
echo "sysroot $sysroot: $(du -sh "$sysroot" | cut -f1)"
