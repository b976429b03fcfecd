#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# --only and --except know an object by the name that the loader was asked for
# and by its file's, which trace, status and attach tell; a pattern that names
# nothing is told, and refused where nothing would be sealed.
. "$(dirname "$0")/common.inc"
need gcc
needs_mseal
cd "$work"
echo 'int q(void) { return 0; }' >q.c
echo 'int q(void); int main(void) { return q(); }' >main.c
gcc -shared -fPIC -Wl,-soname,libq.so -o libq.so.1.2 q.c
ln -s libq.so.1.2 libq.so
gcc -o main main.c -L. -lq -Wl,-rpath,"$work"

# run OPTION...: sets report.
run() {
  rm -f report
  exits 0 "$memseal" run --policy=none --engine=native --report="$work/report" \
    "$@" -- ./main
}
run
grep -q 'libq.so .* text sealed' report
for name in libq.so libq.so.1.2 '*/libq.so.1.2' 'libq.so.1*'; do
  run --except="$name"
  grep -q 'libq.so .*not sealed: --only or --except leaves the object out' report
  not grep -q 'names no object' report
  run --only="$name"
  grep -q 'libq.so .* text sealed' report
  not grep -q 'libc.so.6 .* text sealed' report
done
exits 0 "$memseal" run --policy=none --require --only=libq.so.1.2 -- ./main

run --except='nosuch*,libq.so'
grep -q 'nosuch\* not sealed: the pattern names no object' report
not grep -q 'libq.so not sealed: the pattern' report
run --except=libq.so --report="$work/report.json"
exits 0 "$memseal" run --policy=none --except=nosuch --report="$work/r.json" \
  -- ./main
grep -q '"object":"nosuch".*"reason":"matches_nothing"' r.json
exits 0 "$memseal" run --policy=none --except=nosuch --require -- ./main

exits 125 "$memseal" run --policy=none --only='nosuch*' --require -- ./main
says "--only names no object that the program starts with"
exits 0 "$memseal" run --policy=none --only='nosuch*' -- ./main
says "starts unsealed: --only names no object"
exits 125 "$memseal" run --policy=none --how=trace --only='nosuch*' --require \
  -- ./main
says "--only names no object"
exits 0 "$memseal" run --policy=none --how=trace --only='libq.so.1.2' \
  --require -- ./main
