#!/bin/sh
# lint.sh FOLDER: the playbook of FOLDER is one that Ansible reads, and ansible-lint has nothing to say, by its strictest profile.
# Exit code 77: ansible-lint is missing, and BITNET_REQUIRE_ALL is not set.
set -eu
cd "$1"

if ! command -v ansible-lint > /dev/null; then
  echo "ansible-lint is missing" >&2
  test -n "${BITNET_REQUIRE_ALL:-}" && exit 1
  exit 77
fi
ansible-playbook --inventory inventory.yml --syntax-check site.yml
# What it finds of itself it puts into its cache, not into the tree.
ansible-lint --offline --profile production --project-dir . site.yml roles
