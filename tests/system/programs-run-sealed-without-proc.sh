#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Containers without /proc: the program runs as before, and memseal finds its
# parts by the name it was started with.
. "$(dirname "$0")/common.inc"
need unshare
unshare -rm true 2>/dev/null || unshare -m true 2>/dev/null ||
  skip "no mount namespaces here"
((EUID == 0)) && flags=-m || flags=-rm

without_proc() {
  unshare "$flags" sh -c 'mount -t tmpfs none /proc && exec "$@"' sh "$@"
}

exits 1 without_proc test -e /proc/self/maps        # control
exits 0 without_proc "$memseal" run -- echo hello
says "hello"
exits 3 without_proc "$memseal" run -- sh -c 'exit 3'
cd "$BUILD"
exits 0 without_proc ./memseal run -- echo hello
says "hello"
exits 127 without_proc ./memseal run -- no-such-program

# A filter is made with the help of /proc. Whoever asked for one is told that
# there is none; who leaves the choice to memseal is not bothered, nor is a
# child.
exits 0 "$memseal" run --engine=filter -- true
not says "unsealed"
for reader in true 'sh -c true'; do
  # shellcheck disable=SC2086
  exits 0 without_proc "$memseal" run --engine=filter -- $reader
  says "runs unsealed: /proc is not mounted"
  (($(wc -l <"$work/said") == 1))
done
exits 125 without_proc "$memseal" run --engine=filter --require -- true
exits 0 without_proc "$memseal" run -- true
not says "unsealed"
