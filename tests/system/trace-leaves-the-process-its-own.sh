#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The program keeps pid, exit code and signals; no tracer and no child is left;
# children are sealed only when asked for.
. "$SOURCE/tests/system/trace-common.inc"
gcc -O1 -static "$programs/tries_own_text.c" -o "$dir/c"

expect 143 "$tool" run --how=trace "$dir/c" signal
"$tool" run --how=trace "$dir/c" pid >"$dir/pid" &
wait $!
[[ $(<"$dir/pid") == "$!" ]] || fail "the program has another pid"

cp "$(command -v sleep)" "$dir/sleep"
"$tool" run --how=trace "$dir/sleep" 60 &
pids+=($!)
for _ in $(seq 200); do
  [[ $(readlink "/proc/$!/exe") == "$dir/sleep" ]] &&
    grep -q '^VmFlags:.* sl' "/proc/$!/smaps" && break
  sleep 0.02
done
for _ in $(seq 200); do
  grep -q '^TracerPid:[[:space:]]*0$' "/proc/$!/status" && break
  sleep 0.02
done
grep -q '^TracerPid:[[:space:]]*0$' "/proc/$!/status" || fail "a tracer stays"
[[ -z $(cat "/proc/$!/task/$!/children") ]] || fail "it has a child"

# The other end of a pipe sees the end when the program ends.
timeout 20 bash -c '"$0" run --how=trace "$1" pid | cat' "$tool" "$dir/c" \
  >/dev/null || fail "the pipe stays open"

expect 0 "$tool" run --how=trace "$dir/c" child "$dir/c"
expect "$eperm" "$tool" run --how=trace-children "$dir/c" child "$dir/c"
expect "$eperm" "$tool" run --how=trace-children "$dir/c" child \
  "$dir/c" child "$dir/c"

# What cannot be executed is said as if nobody traced.
expect 127 "$tool" run --how=trace "$dir/none"
echo "int" >"$dir/text" && chmod +x "$dir/text"
expect 126 "$tool" run --how=trace "$dir/text"

# Text that the loader has to write into is left open, and the report says so.
printf '.text\n.globl address\naddress: .quad main\n' >"$dir/t.s"
if gcc -O1 -pie -fPIE -Wl,-z,notext "$programs/tries_own_text.c" "$dir/t.s" \
  -o "$dir/textrel" 2>/dev/null && readelf -d "$dir/textrel" | grep -q TEXTREL; then
  expect 0 "$tool" run --how=trace --report="$dir/report" "$dir/textrel"
  grep -q 'DT_TEXTREL' "$dir/report" || fail "TEXTREL is not reported"
else
  fail "no program with text relocations could be made"
fi

# Where something else traces already, --require refuses and the rest runs.
if command -v strace >/dev/null; then
  expect 125 strace -f -o /dev/null "$tool" run --how=trace --require "$dir/c"
  expect 0 strace -f -o /dev/null "$tool" run --how=trace "$dir/c"
fi

# A setuid program would lose its rights.
if ((EUID == 0)) && command -v setpriv >/dev/null; then
  chmod 755 "$dir"
  chmod u+s "$dir/c"
  said=$(setpriv --reuid=65534 --regid=65534 --clear-groups \
    "$tool" run --how=trace "$dir/c" 2>&1) && fail "a setuid program is run"
  [[ $said == *setuid* ]] || fail "nobody says setuid: $said"
fi
echo OK
