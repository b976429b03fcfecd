#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A call that a seal forbids is refused, and told: who, what, on which pages,
# from where. None is lost, and none is allowed when the supervisor dies.
. "$SOURCE/tests/system/trace-common.inc"
gcc -g -O1 "$SOURCE/examples/corrupted_pointer.c" -o "$dir/demo"
gcc -O1 -static "$programs/tries_own_text.c" -o "$dir/static"

expect 0 "$dir/demo"  # unsealed, the attack works

said=$("$tool" run --on-violation=report "$dir/demo" 2>&1 >/dev/null) &&
  fail "the attack works although it is sealed"
for word in 'mprotect(0x' 'PROT_READ|PROT_WRITE' "$dir/demo+0x0: denied" \
  'unlock_cache (corrupted_pointer.c:' 'main (corrupted_pointer.c:'; do
  [[ $said == *"$word"* ]] || fail "the report lacks '$word': $said"
done
[[ $(grep -c denied <<<"$said") == 1 ]] || fail "one violation, other lines: $said"

# As many lines as violations.
rounds=3000
expect 1 "$tool" run --on-violation=report --report="$dir/violations.json" \
  "$dir/demo" "$rounds"
for _ in $(seq 100); do
  [[ $(grep -c '"outcome":"denied"' "$dir/violations.json") -ge $rounds ]] && break
  sleep 0.05
done
python3 - "$dir/violations.json" "$rounds" <<'PY' || fail "violations.json is wrong"
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
violations = [line for line in lines if line.get("outcome") == "denied"]
assert len(violations) == int(sys.argv[2]), len(violations)
for told in violations:
    assert told["call"] == "mprotect" and told["object"].endswith("/demo"), told
    assert any(f["function"] == "unlock_cache" for f in told["frames"]), told
PY

# Whatever a name holds, a line is JSON: quotes, newlines, what is no UTF-8.
strange=$dir/$'a"b\\c\nd\xff'
cp "$dir/demo" "$strange"
for how in auto trace; do
  rm -f "$dir/strange.json"
  expect 1 "$tool" run --on-violation=report --how=$how \
    --report="$dir/strange.json" "$strange"
  for _ in $(seq 100); do
    grep -q '"outcome":"denied"' "$dir/strange.json" && break
    sleep 0.05
  done
  python3 - "$dir/strange.json" <<'PY2' || fail "strange.json is wrong ($how)"
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1], encoding="ascii")]
[told] = [line for line in lines if line.get("outcome") == "denied"]
assert '/a"b\\c' in told["object"] and '"' in told["program"], told
assert any('/a"b\\c' in frame["object"] for frame in told["frames"]), told
PY2
done

# SIGSYS is 31.
expect 159 "$tool" run --on-violation=kill "$dir/demo"
expect 159 "$tool" run --on-violation=trap "$dir/demo"
expect 0 "$tool" run --on-violation=kill "$dir/static" pid

# deny_after_death NAME OPTION...: the supervisor, which calls itself NAME, dies
# while the program goes on and on: all are denied.
deny_after_death() {
  local name=$1 report=$dir/killed-$1 program supervisor='' found stat
  shift
  "$tool" run --on-violation=report --report="$report" "$@" "$dir/demo" \
    1000000 >"$dir/said" 2>&1 &
  program=$!
  pids+=("$program")
  for _ in $(seq 200); do
    [[ $(grep -c denied "$report" 2>/dev/null) -ge 10 ]] && break
    sleep 0.02
  done
  for stat in /proc/[0-9]*/comm; do
    [[ $(cat "$stat" 2>/dev/null) == "$name" ]] || continue
    found=${stat%/comm}
    # It is ours if it writes our report.
    readlink "$found"/fd/* 2>/dev/null | grep -qx "$report" &&
      supervisor=${found#/proc/}
  done
  [[ -n $supervisor ]] || fail "there is no $name to be killed"
  kill -9 "$supervisor"
  wait "$program" && fail "a violation was allowed"
  pids=()
  grep -q 'refused 1000000 times: Function not implemented' "$dir/said" ||
    fail "after the death of $name: $(cat "$dir/said")"
}
deny_after_death memseal-keeper
deny_after_death memseal-tracer --dlopen=skip
deny_after_death memseal-tracer --how=trace

# Stale ranges of a filter that outlived an exec refuse nothing.
expect "$eperm" "$tool" run --on-violation=report "$dir/static"
expect 0 "$tool" run --on-violation=report "$dir/static" child "$dir/static"

# trace permits, sums up, and ends as the program does.
said=$("$tool" trace -- "$dir/demo" 5 2>&1) || fail "trace denies"
for word in 'would have denied 5 calls' '5 x mprotect on rodata' \
  'from unlock_cache' '--except=demo'; do
  [[ $said == *"$word"* ]] || fail "the summary lacks '$word': $said"
done
said=$("$tool" trace -- "$dir/static" pid 2>&1)
[[ $said == *"would have broken nothing"* ]] || fail "nothing is: $said"
expect 143 "$tool" trace -- "$dir/static" signal
expect 127 "$tool" trace -- "$dir/none"
"$tool" trace --json -- "$dir/static" 2>/dev/null |
  python3 -c 'import json,sys; s=json.load(sys.stdin); assert s["violations"] == 1, s'
echo OK
