# shellcheck shell=bash
# What deploy/run and tests/run share. To be sourced; works in the bash 3.2 of macOS.

# step TEXT: a progress line with the time since the script began.
step() { printf '[%3d:%02d] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*" >&2; }

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# read_list FILE...: the names in package lists.
read_list() { sed 's/#.*//; s/[[:space:]]//g; /^$/d' "$@"; }

as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  elif command -v sudo > /dev/null; then
    sudo "$@"
  else
    die "packages are missing and this is neither root nor is there sudo; as root run: $*"
  fi
}

# install_packages FILE...: the Debian packages of the lists that are not installed yet.
install_packages() {
  command -v apt-get > /dev/null || die "needs Debian 12, Ubuntu 24.04 or newer (apt-get), or macOS with Homebrew"
  local missing=() package state
  for package in $(read_list "$@"); do
    state=$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2> /dev/null || true)
    [[ $state == installed ]] || missing+=("$package")
  done
  if [[ ${#missing[@]} == 0 ]]; then
    step "packages: all there"
    return
  fi
  step "packages: installing ${missing[*]}"
  # Lists that cannot be refreshed may still do; if not, the installation says so.
  as_root apt-get --quiet=2 -o Acquire::Retries=3 update || step "apt-get update failed; going on with the lists there are"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get --quiet=2 --yes --no-install-recommends \
    -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 install "${missing[@]}" > /dev/null ||
    die "apt-get could not install: ${missing[*]} (see its message above)"
}

# provide_charts: the live page's chart library from npm into build/charts, if there is npm; the page does without it, too.
provide_charts() {
  local source=service/dashboard/charts folder=build/charts
  command -v npm > /dev/null || return 0
  cmp --silent "$source/package-lock.json" "$folder/installed.json" && return
  mkdir -p "$folder"
  cp "$source/package.json" "$source/package-lock.json" "$folder/"
  if npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund > "$folder/install.log" 2>&1; then
    cp "$source/package-lock.json" "$folder/installed.json"
  else
    step "no chart library for the live page, which will show numbers alone ($folder/install.log)"
  fi
}

# build_jobs: as many compilers as there are cores, and 1.5 GB of memory for each.
build_jobs() {
  local cores memory
  cores=$(getconf _NPROCESSORS_ONLN)
  memory=$(awk '/^MemAvailable/ { print int($2 / 1500000) }' /proc/meminfo 2> /dev/null || true)
  [[ -z $memory || $memory -ge $cores ]] || cores=$((memory > 0 ? memory : 1))
  echo "$cores"
}
