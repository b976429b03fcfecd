#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# S-84: the memory of a vfork child is its parent's, and lives on when the child
# executes. What is sealed there is nothing to the new image, not even where
# addresses are not drawn at random and both have the same ones.
. "$(dirname "$0")/common.inc"
need gcc setarch
"$memseal" run --require --engine=keeper -- true 2>/dev/null ||
  skip "no keeper can be started here (Linux 5.7)"
program=$work/vfork_then_exec
gcc -o "$program" "$SOURCE/tests/system/programs/vfork_then_exec.c"
exits 0 "$program"
# EPERM: the child was refused, and known.
exits 1 setarch -R "$memseal" run --engine=keeper -- "$program"
exits 1 "$memseal" run --engine=keeper -- "$program"
