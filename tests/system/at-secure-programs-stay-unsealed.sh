#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A program that raises its privileges ignores its environment: what seals other
# children of a service does not seal it, nor obey a stranger's settings in it.
. "$(dirname "$0")/common.inc"
need setpriv
needs_mseal
((EUID == 0)) || skip "needs root, to make a setuid program"
cp "$(command -v grep)" "$work/plain"
cp "$work/plain" "$work/raised"
chmod 4755 "$work/raised"
chmod 755 "$work/plain"
nobody=(setpriv --reuid=65534 --clear-groups)
"${nobody[@]}" "$work/raised" -q '^Uid:.65534.0' /proc/self/status ||
  skip "this file system ignores the setuid bit"
environment=("LD_AUDIT=$BUILD/libmemseal-audit.so"
  "MEMSEAL_OPTIONS=report=$work/report")
"${nobody[@]}" test -r "$BUILD/libmemseal-audit.so" ||
  skip "another user cannot read the build directory"
mkdir -m 777 "$work/reports"
environment[1]=MEMSEAL_OPTIONS=report=$work/reports/seals

# The control: the same program without the bit is sealed.
seals() {
  exits 0 "${nobody[@]}" env "${environment[@]}" "$1" -m1 '^VmFlags.* sl' \
    /proc/self/smaps
}
seals "$work/plain"
grep -q 'sealed native' "$work/reports/seals"
rm "$work/reports/seals"
exits 1 "${nobody[@]}" env "${environment[@]}" "$work/raised" -m1 \
  '^VmFlags.* sl' /proc/self/smaps
exits 1 "${nobody[@]}" env "${environment[@]}" "$work/raised" -c libmemseal \
  /proc/self/maps
[[ ! -e $work/reports/seals ]]

# `memseal run` says so instead of starting it unsealed.
exits 125 "${nobody[@]}" "$memseal" run -- "$work/raised" x /dev/null
says 'gains privileges when executed'

# A capability that the service manager hands down is no secure execution.
if setpriv --help | grep -q ambient; then
  caps=(--inh-caps=+net_bind_service --ambient-caps=+net_bind_service)
  exits 0 "${nobody[@]}" "${caps[@]}" env "${environment[@]}" "$work/plain" \
    -m1 '^VmFlags.* sl' /proc/self/smaps
fi
