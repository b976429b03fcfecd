#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# For each engine: what `memseal probe` finds held or open on libm is what a
# program finds that tries every vector on itself, and neither contradicts the
# table of docs/semantics.md, section 4. Unsealed, nothing is refused.
# matrix: python3
. "$SOURCE/tests/system/probe-common.inc"

vectors=$("$python" -c '
import sys
sys.path.insert(0, sys.argv[1])
import claims
print(*(v for row in claims.rows() for v in row.vectors
        if v != "write-backing-file"))' "$SOURCE/tests/system")
bad=0

# compare NAME COMMAND...: the command runs the program that tries.
compare() {
  local name=$1 pid word
  shift
  mkfifo "$work/in-$name"
  # shellcheck disable=SC2086 # one word a vector
  "$@" "$BUILD/tests/tries_every_vector" $vectors \
    <"$work/in-$name" >"$work/tried-$name" 2>"$work/errors-$name" &
  pid=$!
  exec 8>"$work/in-$name"
  for word in $(seq 600); do
    grep -q '^ready$' "$work/tried-$name" && break
    kill -0 "$pid" || fail "$name: $(cat "$work/errors-$name")"
    sleep 0.1
  done
  "$memseal" probe --json "$pid" >"$work/probe-$name" ||
    [[ $name == unsealed ]] || fail "$name: probe finds something open"
  exec 8>&-
  wait "$pid" || fail "$name: the program ended with $?"
  "$python" "$SOURCE/tests/system/claims.py" "$name" "$work/probe-$name" \
    "$work/tried-$name" || bad=1
}

compare unsealed
engines=(native filter keeper strict)
"$memseal" run --engine=native --require -- /bin/true 2>"$work/missing" || {
  echo "native: $(cat "$work/missing")"
  engines=(filter keeper)
}
for engine in "${engines[@]}"; do
  compare "$engine" "$memseal" run --engine="$engine" --require --
done
((bad == 0)) || fail "what is claimed is not what is so"
