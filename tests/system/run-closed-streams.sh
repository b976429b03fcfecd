#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A program may be started with standard streams closed: memseal must neither
# fail nor leave descriptors of its own in their place.
. "$(dirname "$0")/common.inc"

list='import os; print(sorted(map(int, os.listdir("/proc/self/fd")))[:-1])'
for close in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
  eval "/usr/bin/python3 -c 'import os; os._exit(7)' $close" || plain=$?
  eval "'$memseal' run -- /usr/bin/python3 -c 'import os; os._exit(7)' $close" ||
    sealed=$?
  [[ $plain == 7 && $sealed == 7 ]]
done

# The open descriptors are the same as without memseal.
/usr/bin/python3 -c "$list" >"$work/plain"
"$memseal" run -- /usr/bin/python3 -c "$list" >"$work/sealed"
diff "$work/plain" "$work/sealed"

# memseal's own messages need standard error only.
(exec <&- >&-; exits 127 "$memseal" run -- no-such-program; says "cannot be found")
not "$memseal" run -- no-such-program 2>&-
