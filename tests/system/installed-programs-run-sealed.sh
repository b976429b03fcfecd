#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installed, and found in PATH, every engine seals a program and its children,
# by whatever spelling of its folders it was found, and ld.so says nothing.
. "$(dirname "$0")/common.inc"
need cmake
DESTDIR=$work/root cmake --install "$BUILD" --prefix /usr >/dev/null
usr=$work/root/usr
attack=$BUILD/examples/attack

# What stays of one attack of the eight, and whether ld.so complains.
quiet() {
  not grep -F 'ld.so' "$work/said"
}
exits 1 "$attack" # control: unsealed, they succeed

ln -s usr/lib "$work/root/lib"
ln -s usr/bin "$work/root/bin"
for folder in "$usr/bin" "$work/root/bin" "$usr/bin/../bin" \
  "$usr/libexec/../../usr/bin"; do
  for engine in --engine=auto --engine=keeper --strict --engine=filter; do
    exits 0 env PATH="$folder:$PATH" memseal run "$engine" --require -- "$attack"
    quiet
  done
  # A child of a child; one module, named once.
  exits 0 env PATH="$folder:$PATH" memseal run --require -- \
    memseal run --require -- sh -c "$attack && echo \"[\$LD_AUDIT]\""
  grep -qE '^\[[^:]*libmemseal-audit\.so\]$' "$work/said"
  quiet
done

# The same by another name of the module's folder, as a service would have it.
exits 0 env LD_AUDIT="$usr/bin/../lib/memseal/libmemseal-audit.so" \
  "$usr/bin/memseal" run --require -- sh -c "$attack && echo \"[\$LD_AUDIT]\""
grep -qE '^\[[^:]*\]$' "$work/said"
quiet

PATH=$usr/bin:$PATH
memseal run -- sleep 30 &
servers+=($!)
sealed=$!
sleep 30 &
servers+=($!)
unsealed=$!
wait_for grep -q libmemseal "/proc/$sealed/maps"
wait_for memseal status "$sealed"
exits 1 memseal status "$unsealed"
says 'not sealed'
if perl -e 'exit(syscall(462, 0, 0, 0) == 0 ? 0 : 1)' && [[ $(uname -m) == x86_64 ]]; then
  exits 0 memseal attach "$unsealed"
  exits 0 memseal status "$unsealed"
  exits_nonzero memseal probe --strict "$sealed" # no such option
  exits 0 memseal probe "$sealed"
fi
