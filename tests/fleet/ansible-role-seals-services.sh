#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The Ansible role is sound, and run against an image here it writes policies,
# drop-ins and the timer, once: the second run changes nothing.
. "$(dirname "$0")/../system/common.inc"
need ansible-playbook
export ANSIBLE_ROLES_PATH=$SOURCE/packaging/ansible/roles
export ANSIBLE_LOCALHOST_WARNING=false HOME=$work LC_ALL=C.UTF-8
ansible-playbook --syntax-check -i localhost, "$SOURCE/packaging/ansible/site.yml"
root=$work/root
mkdir -p "$root/lib/systemd/system" "$root/etc/systemd/system" "$root/bin"
cp "$(command -v sleep)" "$root/bin/sleep"
printf '[Service]\nExecStart=/bin/sleep 30\n' >"$root/lib/systemd/system/nap.service"
cat >"$work/play.yml" <<END
- hosts: localhost
  connection: local
  gather_facts: false
  roles:
    - role: memseal
      memseal_root: $root
      memseal_program: $memseal
      memseal_monitoring: $SOURCE/packaging/monitoring
      memseal_units: [nap]
      memseal_policies: [{name: sleep, text: "require = true\n"}]
END
ansible-playbook -i localhost, "$work/play.yml" >"$work/first"
grep -qE 'changed=[1-9].* failed=0' "$work/first"
grep -q 'MEMSEAL_OPTIONS=.*require' "$root/etc/systemd/system/nap.service.d/50-memseal.conf"
[[ -e $root/etc/systemd/system/memseal-metrics.timer ]]
ansible-playbook -i localhost, "$work/play.yml" >"$work/second"
grep -qE 'changed=0 .* failed=0' "$work/second" || {
  cat "$work/second"
  exit 1
}
# A faulty policy ends it, and the old one stays.
sed -i 's/require = true/require = maybe/' "$work/play.yml"
not ansible-playbook -i localhost, "$work/play.yml" >/dev/null
grep -q 'require = true' "$root/etc/memseal/sleep.toml"
