#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The vector through a tracer with a filter: it needs no mseal(2), and what it
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

# A running process: what it could do before it cannot do afterwards.
# attacks ENGINE STATUS: ends so, when it is let go after the attach.
attacks() {
  local got=0 program go
  rm -f "$dir/go" && mkfifo "$dir/go"
  "$dir/dynamic" wait <"$dir/go" &
  program=$!
  exec {go}>"$dir/go"
  # It reads (0), and is not this shell any more, whose mappings exec takes away.
  until [[ $(<"/proc/$program/comm") == dynamic &&
    $(cut -d' ' -f1 "/proc/$program/syscall") == 0 ]]; do sleep 0.05; done
  if [[ $1 != none ]]; then
    "$tool" attach --engine="$1" $program >"$dir/said" 2>&1 ||
      fail "attach: $(cat "$dir/said")"
  fi
  "$tool" status $program >"$dir/status" || true
  echo >&"$go"
  exec {go}>&-
  wait $program || got=$?
  ((got == $2)) || fail "attached with $1, the attack gives $got, not $2"
}
attacks none 0
grep -q 'text .* filter' "$dir/status" && fail "a filter out of nothing"
attacks filter "$eperm"
grep -q ', filter$' "$dir/said" || fail "attach says $(cat "$dir/said")"
grep -q 'text .* filter' "$dir/status" || fail "status shows no filter"
sleep 60 &
pids+=($!)
expect 125 "$tool" attach --engine=none $!

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
