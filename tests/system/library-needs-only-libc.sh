#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An application that links the library gets libc and nothing else with it, no
# C++ runtime either. What is preloaded into programs needs libc at most.
. "$(dirname "$0")/common.inc"

# needed FILE: what its dynamic section asks for.
needed() {
  readelf --wide --dynamic "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
}

# The control: the tool is C++ and shows it.
needed "$BUILD/memseal-tool" >"$work/tool"
grep -q '^libstdc++' "$work/tool"

[[ $(needed "$BUILD/libmemseal.so") == libc.so.6 ]]
[[ $(needed "$BUILD/libmemseal-provide.so") == libc.so.6 ]]

# What comes along when it is loaded: libc, the loader, the kernel's vdso.
ldd "$BUILD/libmemseal.so" | awk '{print $1}' >"$work/loaded"
grep -q '^libc\.so' "$work/loaded"
if grep -vE '^(libc\.so\.6|linux-(vdso|gate)\.so\.1|(/.*/)?ld-linux.*)$' \
  "$work/loaded"; then
  echo "libmemseal.so brings the above" >&2
  exit 1
fi
