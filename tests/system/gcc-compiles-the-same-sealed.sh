#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# g++ compiles and links C++ sealed; the result is the same file.
. "$(dirname "$0")/common.inc"
needs_mseal
need g++

cat >"$work/p.cc" <<'X'
#include <algorithm>
#include <iostream>
#include <map>
#include <string>
#include <vector>
int main() {
  std::map<std::string, std::vector<int>> m;
  for (int i = 0; i < 10; ++i) m[std::to_string(i % 3)].push_back(i);
  for (auto &[k, v] : m) { std::reverse(v.begin(), v.end()); std::cout << k << v[0] << '\n'; }
}
X
cd "$work"
g++ -O2 -frandom-seed=1 -o plain p.cc
"$memseal" run -- g++ -O2 -frandom-seed=1 -o sealed p.cc
cmp plain sealed
[[ $(./sealed) == $'09\n17\n28' ]]

# An error is the same error.
echo 'int main() { return x; }' >bad.cc
same_output g++ -c bad.cc

# The driver and the compiler proper, its child, are both sealed: -wrapper puts
# this script between the two.
cat >wrapper <<X
#!/bin/sh
$unsealed \$PPID >>"$work/driver" && exec "\$@"
X
chmod 755 wrapper
not g++ -wrapper "$work/wrapper" -c p.cc 2>/dev/null
: >driver
"$memseal" run -- g++ -wrapper "$work/wrapper" -c p.cc
grep -q 'unsealed 0 bytes' driver
