#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# valgrind works as without memseal: no reports that are not the program's.
# That its inside stays unsealed is said, and refused under --require.
. "$(dirname "$0")/common.inc"
need valgrind

exits 0 valgrind -q --error-exitcode=9 /bin/true
[[ ! -s $work/said ]]
exits 0 "$memseal" run -- valgrind -q --error-exitcode=9 /bin/true
says "what runs inside it stays unsealed"
[[ $(wc -l <"$work/said") == 1 ]]
exits 125 "$memseal" run --require -- valgrind -q /bin/true
says "emulates the CPU and does not know mseal"
