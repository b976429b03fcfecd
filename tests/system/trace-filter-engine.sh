#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The road through a tracer with a filter: it needs no mseal(2), and what it
# guards is told by status. What becomes of it after an exec is what the manual
# says.
# shellcheck disable=SC2034  # read by trace-common.inc
needs_mseal=no
. "$SOURCE/tests/system/trace-common.inc"
gcc -O1 "$programs/tries_own_text.c" -o "$dir/dynamic"
gcc -O1 -static "$programs/tries_own_text.c" -o "$dir/static"
gcc -O1 -static-pie "$programs/tries_own_text.c" -o "$dir/static-pie"

for program in dynamic static static-pie; do
  expect 0 "$dir/$program"  # unsealed, it may
  for engine in filter strict; do
    expect "$eperm" "$tool" run --how=trace --require --engine=$engine \
      "$dir/$program"
    said=$("$tool" run --how=trace --engine=$engine --report="$dir/report" \
      "$dir/$program" pid)
    [[ $said =~ ^[0-9]+$ ]] || fail "$program under $engine says '$said'"
  done
done
grep -q ' text sealed filter$' "$dir/report" || fail "no filter in the report"

# A running process, and its threads' seccomp mode.
"$dir/dynamic" signal &
plain=$!
wait $plain || true
sleep 60 &
pids+=($!)
# Until then it is still this shell, whose mappings exec takes away.
until [[ $(<"/proc/$!/comm") == sleep ]]; do sleep 0.05; done
sleep 0.2
"$tool" attach --engine=filter $! >"$dir/said" 2>&1 ||
  fail "attach: $(cat "$dir/said")"
grep -q ', filter$' "$dir/said" || fail "attach says $(cat "$dir/said")"
grep -q '^Seccomp:[[:space:]]2$' "/proc/$!/status" || fail "no filter is there"
"$tool" status $! | grep -q 'text .* filter' || fail "status shows no filter"
expect 125 "$tool" attach --engine=none $!

# The twin: status of a process that nobody has touched.
sleep 60 &
pids+=($!)
"$tool" status $! | grep -q 'text .* filter' && fail "a filter out of nothing"

# With random addresses the next program is elsewhere; a program at fixed ones
# finds those of its parent refused, and cannot protect its RELRO.
expect 0 "$tool" run --how=trace --engine=filter "$dir/dynamic" child \
  "$dir/dynamic"
expect 127 "$tool" run --how=trace --engine=filter "$dir/static" child \
  "$dir/static"

# A static program hands the loader module on to its dynamic children. They
# come by the native engine: nothing else here may refuse.
if "$tool" run --engine=native --require "$dir/dynamic" pid >/dev/null 2>&1; then
  expect 0 "$dir/static" child "$dir/dynamic"
  expect "$eperm" "$tool" run "$dir/static" child "$dir/dynamic"
  expect 0 "$tool" run --no-inherit "$dir/static" child "$dir/dynamic"
  # In a run that only watches nobody is sealed.
  expect 0 "$tool" trace -- "$dir/static" child "$dir/dynamic"
fi
echo OK
