#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What `memseal trace` suggests is a policy: `policy check` takes it, and under
# it the program works that sealing would have broken.
. "$(dirname "$0")/common.inc"
need cc
needs_mseal
cat >"$work/patcher.c" <<'END'
#include <stdint.h>
#include <sys/mman.h>
extern int target(void);
int main(void) {
  void *page = (void *)((uintptr_t)&target & ~(uintptr_t)4095);
  return mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) ? 3 : 0;
}
END
echo 'int target(void) { return 1; }' |
  cc -x c -shared -fPIC -o "$work/libtarget.so" -
cc -o "$work/patcher" "$work/patcher.c" -fPIE -pie "$work/libtarget.so" \
  -Wl,-z,now
exits 0 "$work/patcher"
exits 3 "$memseal" run -- "$work/patcher"

"$memseal" trace --json -- "$work/patcher" >"$work/summary"
/usr/bin/python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["suggested"]["policy"])' "$work/summary" \
  >"$work/patcher.toml"
grep -q 'glob = "libtarget.so"' "$work/patcher.toml"
exits 0 "$memseal" policy check "$work/patcher.toml"
exits 0 "$memseal" run --policy="$work/patcher.toml" -- "$work/patcher"

# The text has the same, as its end.
exits 0 "$memseal" trace -- "$work/patcher"
sed '1,/suggested policy:$/d' "$work/said" >"$work/text.toml"
diff <(sed '$d' "$work/patcher.toml") "$work/text.toml"

# Into a file of its own: whole, and not with the summary.
"$BUILD/memseal" trace -o "$work/suggested.toml" -- /bin/true 2>"$work/summary"
grep -q 'suggested policy: .*suggested.toml' "$work/summary"
not_there=$(grep -c 'Suggested by' "$work/summary" || true)
[[ $not_there == 0 ]]
grep -q 'Suggested by' "$work/suggested.toml"
"$BUILD/memseal" policy check "$work/suggested.toml"
