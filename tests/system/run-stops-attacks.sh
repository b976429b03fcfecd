#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Calls that an attacker steers succeed on a library's text and RELRO, and are
# all refused with EPERM under memseal run: by mseal(2) where the kernel has it,
# else by a filter and a keeper.
# matrix:
. "$(dirname "$0")/common.inc"
attack=$BUILD/examples/attack

exits 1 "$attack"
[[ $(grep -c 'succeeded$' "$work/said") == 8 ]]
exits 0 "$memseal" run -- "$attack"
[[ $(grep -c 'EPERM$' "$work/said") == 8 ]]

# Children too, unless the user says otherwise.
exits 0 "$memseal" run -- sh -c "$attack; exit \$?"
exits 1 "$memseal" run --no-inherit -- sh -c "$attack; exit \$?"

# What is left out is left open, and nothing else.
exits 1 "$memseal" run --except 'libm.so*' -- "$attack"
exits 0 "$memseal" run --only 'libm.so*' -- "$attack"
exits 1 "$memseal" run --only 'libc.so*' -- "$attack"

# Preloading seals the initial objects as well.
exits 0 "$memseal" run --how=preload -- "$attack"
