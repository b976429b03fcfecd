#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `make -j2` builds C++ code under memseal run --engine=keeper as it does without:
# the same program, no word more, and what make starts is sealed.
. "$(dirname "$0")/common.inc"
need make g++

mkdir "$work/code"
for unit in a b c d; do
  cat >"$work/code/$unit.cc" <<CC
#include <algorithm>
#include <string>
#include <vector>
std::string $unit() {
  std::vector<std::string> words = {"$unit", "z", "y"};
  std::sort(words.begin(), words.end());
  return words.front();
}
CC
done
cat >"$work/code/main.cc" <<'CC'
#include <iostream>
#include <string>
std::string a(); std::string b(); std::string c(); std::string d();
int main() { std::cout << a() << b() << c() << d() << '\n'; }
CC
cat >"$work/code/Makefile" <<'MK'
prog: main.o a.o b.o c.o d.o attacked
	g++ -o $@ $(filter %.o,$^)
%.o: %.cc
	g++ -O1 -c -o $@ $<
attacked:
	$(ATTACK) >$@; echo "exit status $$?" >>$@
MK

export ATTACK=$BUILD/examples/attack
cd "$work/code"
make -j2 >"$work/plain.log" 2>&1
[[ $(./prog) == abcd ]]
grep -q '^exit status 1$' attacked # unsealed, all attacks succeed
rm -f ./*.o prog attacked
exits 0 "$memseal" run --engine=keeper --require -- make -j2
[[ $(./prog) == abcd ]]
not grep -i 'memseal\|not permitted\|not implemented' "$work/said"
not diff -q "$work/plain.log" /dev/null
[[ $(sort "$work/said") == "$(sort "$work/plain.log")" ]]
grep -q '^exit status 0$' attacked
[[ $(grep -c 'EPERM$' attacked) == 8 ]]
