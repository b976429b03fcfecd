#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# JIT code can be sealed in its place and still be compiled to.
set -euo pipefail
[[ $(uname -m) == x86_64 ]] || { echo "skip: tiny_jit emits x86-64 code"; exit 77; }
cd "$BUILD/examples"
[[ $(./tiny_jit 'x*x+3*x+1' 5) == 41 ]]

# Control: without the seal the attacker's code runs in the place of the JIT's.
out=$(./tiny_jit --attack --unsealed '(x+1)*2' 20)
[[ $out == 'attack: mremap: SUCCEEDED
attack: munmap: SUCCEEDED
attack: MAP_FIXED: SUCCEEDED
66' ]]

out=$(./tiny_jit --attack '(x+1)*2' 20)
[[ $out == 'attack: mremap: Operation not permitted
attack: munmap: Operation not permitted
attack: MAP_FIXED: Operation not permitted
42' ]]
