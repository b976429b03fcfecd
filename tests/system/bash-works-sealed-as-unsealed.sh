#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bash works sealed as it does unsealed, and all of it is sealed.
# matrix: python3
. "$(dirname "$0")/common.inc"

cat >"$work/script" <<'X'
fib() { local n=$1; ((n < 2)) && { echo "$n"; return; }
  echo $(($(fib $((n - 1))) + $(fib $((n - 2))))); }
fib 8
declare -A names=([a]=1 [b]=2)
for name in a b; do echo "$name ${names[$name]}"; done
seq 1000 | while read -r i; do ((i % 100)) || echo "$i"; done
[[ abc123 =~ ([a-z]+)([0-9]+) ]] && echo "${BASH_REMATCH[2]}"
cat <<<"here" | tr a-z A-Z
(exit 7); echo "$?"
trap 'echo trapped' USR1; kill -USR1 $$
echo warning >&2
exit 5
X
same_output bash "$work/script"
[[ $(tail -1 "$work/sealed.out") == trapped ]]
seals_itself bash -c "$unsealed \$\$"
