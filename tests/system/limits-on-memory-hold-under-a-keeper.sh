#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What keeps the program's memory apart from its objects (loader/fence.h) is
# terabytes of address space. A program that limits its address space goes on
# under a keeper, and the limit holds: for itself and for what it executes.
# matrix: sed grep
. "$(dirname "$0")/common.inc"
run=("$memseal" run --engine=keeper --)

# Well above what a shell and a copy of itself take, well below the fence.
limited='ulimit -v 400000; big=$(printf "%01000000d" 5); (echo ${#big}); grep -c . /proc/self/status >/dev/null && echo went on'
exits 0 bash -c "$limited"  # twin
says "went on"
exits 0 "${run[@]}" bash -c "$limited"
says 1000000
says "went on"

# The executed program has the limit that was asked for, no more and no less.
asked='ulimit -v 400000; exec grep "^Max address space" /proc/self/limits'
exits 0 bash -c "$asked"
cp "$work/said" "$work/twin"
exits 0 "${run[@]}" bash -c "$asked"
diff "$work/twin" "$work/said"

# And it ends at it: 1 GiB are not to be had.
need perl
too_much='ulimit -v 400000; exec perl -e "\$x = qq(.) x (1 << 30)"'
exits_nonzero bash -c "$too_much"
exits_nonzero "${run[@]}" bash -c "$too_much"
exits 0 "${run[@]}" perl -e '$x = "." x (1 << 28)'
