#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A C program builds a policy, seals it and decides by it.
set -euo pipefail
policy=$(mktemp); trap 'rm -f "$policy"' EXIT
printf 'alice\nbob\n' >"$policy"
[[ $("$BUILD/examples/sealed_policy" "$policy" bob) == allowed ]]
out=$("$BUILD/examples/sealed_policy" "$policy" eve) && exit 1
[[ $out == denied ]]

# Control: what the program tries against itself works where nothing is sealed.
out=$("$BUILD/examples/sealed_policy" --unsealed "$policy" bob) && exit 1
[[ $out == 'the policy is NOT sealed' ]]
