#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# On every kernel: children of memseal run --engine=filter are sealed, a program
# that executes itself again and again is never refused what it may do, and the
# filters do not grow in number.
# matrix: sed grep
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'echo "$0:$LINENO: failed: $BASH_COMMAND" >&2' ERR
victim=$BUILD/tests/loader/initial
run=("$BUILD/memseal" run --engine=filter --require)

# It attacks its own objects and prints the errno of each attack.
[[ $("$victim" | tail -1) == "main text=0 relro=0" ]]
[[ $("${run[@]}" -- "$victim" | tail -1) == "main text=1 relro=1" ]]
out=$("${run[@]}" -- bash -c "bash -c '$victim; true'; true")
[[ $(tail -1 <<<"$out") == "main text=1 relro=1" ]]
out=$("${run[@]}" --no-inherit -- bash -c "$victim; true")
[[ $(tail -1 <<<"$out") == "main text=0 relro=0" ]]

cat >"$dir/generation" <<'SH'
now=$(sed -n 's/^Seccomp_filters:\t//p' /proc/self/status)
[[ $now == "$2" ]] || { echo "filters: $now, not $2"; exit 4; }
(($1 == 0)) && { "$3"; exit; }
exec bash "$0" $(($1 - 1)) "$2" "$3"
SH
cat >"$dir/script" <<'SH'
filters=$(sed -n 's/^Seccomp_filters:\t//p' /proc/self/status)
for i in 1 2 3 4 5 6 7 8 9 10; do
  (echo "$i" | cat | grep -q "^$i\$") || exit 6
done
exec bash "$1" "$2" "$filters" "$3"
SH
out=$("${run[@]}" -- bash "$dir/script" "$dir/generation" "${GENERATIONS:-25}" "$victim")
[[ $(tail -1 <<<"$out") == "main text=1 relro=1" ]]
