#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A dispatch table sealed after loading survives a write primitive.
set -euo pipefail
cd "$BUILD/examples"

[[ $(./plugin_host ./plugin.so 21) == 42 ]]

# Control: the same attack on the same program, not sealed, takes over.
out=$(./plugin_host --attack --unsealed ./plugin.so 21) && exit 1
[[ $out == 'control flow hijacked' ]]

out=$(./plugin_host --attack ./plugin.so 21)
[[ $out == $'attack: mprotect: Operation not permitted\n42' ]]
