#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# S-83: what --slots=seal puts into a process is sealed, and what it must not
# touch it leaves, with the reason: code with a breakpoint, a process that may
# make nothing executable. Calls go where they went: interposed, IFUNC, versions.
. "$(dirname "$0")/common.inc"
[[ $(uname -m) == x86_64 ]] || skip "slots are sealed on x86-64 only"
need gcc objdump /usr/bin/python3
needs_mseal

# Copies of slots and moved stubs are sealed, and the resolver's stub a trap. The
# program is python3, and looks at libc.
cat >"$work/look.py" <<'END'
import re, subprocess, sys
maps = {}
for line in open("/proc/self/smaps"):
    head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (....) \S+ \S+ (\d+) *(\S*)", line)
    if head:
        begin, end, rights, inode, name = head.groups()
        begin = int(begin, 16)
        maps[begin] = [rights, int(inode), name, ""]
    elif line.startswith("VmFlags"):
        maps[begin][3] = line.split()[1:]
libc = min(b for b, m in maps.items() if m[2].endswith("/libc.so.6"))
name = maps[libc][2]
stubs = [m for b, m in maps.items() if m[0] == "r-xp" and m[1] == 0
         and not m[2]]
copies = 0
for line in open(sys.argv[1]) if len(sys.argv) > 1 else []:
    found = re.search(r" 0x([0-9a-f]+)-0x[0-9a-f]+ slots sealed native", line)
    if found:
        rights, inode, _, flags = maps[int(found.group(1), 16)]
        assert rights == "r--p" and inode == 0 and "sl" in flags, line
        copies += 1
assert all("sl" in m[3] for m in stubs), stubs
plt = [s.split() for s in subprocess.run(
    ["objdump", "-h", name], capture_output=True, text=True,
    check=True).stdout.splitlines() if " .plt " in s]
trap = False
if plt:
    with open("/proc/self/mem", "rb") as memory:
        memory.seek(libc + int(plt[0][3], 16))
        trap = memory.read(12) == b"\xcc" * 12
print("stubs", bool(stubs), "copies", bool(copies), "trap", trap,
      "has", bool(plt))
END
exits 0 /usr/bin/python3 "$work/look.py"
says "stubs False copies False trap False"
exits 0 "$memseal" run --slots=seal --report="$work/report" -- \
  /usr/bin/python3 "$work/look.py" "$work/report"
says "stubs True copies True"
grep -q 'has False' "$work/said" || grep -q '/libc.so.6 slots not' "$work/report" ||
  ! grep -q '/libc.so.6 .*slots sealed' "$work/report" || says "trap True"

# Calls go where they went.
cat >"$work/callee.c" <<'END'
#ifdef OTHER
int plain(void) { return 10; }
#else
static int one(void) { return 1; }
static int (*choose(void))(void) { return one; }
int chosen(void) __attribute__((ifunc("choose")));
int plain(void) { return 2; }
int old_one(void) { return 3; }
int new_one(void) { return 4; }
__asm__(".symver old_one, versioned@OLD");
__asm__(".symver new_one, versioned@@NEW");
#endif
END
cat >"$work/caller.c" <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
int chosen(void), plain(void), versioned(void);
#ifdef PLUGIN
int ask(void); int ask(void) { return plain(); }
#else
int main(int argc, char **argv) {
  printf("%d %d %d", chosen(), plain(), versioned());
  if (argc > 1) {
    void *deep = dlopen(argv[1], RTLD_LAZY | RTLD_DEEPBIND);
    int (*ask)(void) = deep ? (int (*)(void))dlsym(deep, "ask") : 0;
    printf(" %d", ask ? ask() : -1);
  }
  printf("\n");
  return 0;
}
#endif
END
echo 'OLD { }; NEW { } OLD;' >"$work/map"
gcc -shared -fPIC "$work/callee.c" -o "$work/libcallee.so" \
  -Wl,--version-script="$work/map"
gcc -shared -fPIC -DOTHER "$work/callee.c" -o "$work/libother.so"
gcc -shared -fPIC -DPLUGIN -Wl,-z,lazy "$work/caller.c" -o "$work/plugin.so" \
  -L"$work" -lother -Wl,-rpath,"$work"
gcc -Wl,-z,lazy "$work/caller.c" -o "$work/caller" -L"$work" -lcallee \
  -Wl,-rpath,"$work"
exits 0 "$memseal" run --slots=seal --report="$work/report" -- "$work/caller" \
  "$work/plugin.so"
says "1 2 4 10"
grep -q '/plugin.so .* slots sealed native' "$work/report"
exits 0 env LD_PRELOAD="$work/libother.so" "$memseal" run --slots=seal -- \
  "$work/caller"
says "1 10 4"

# A process that may make nothing executable (PR_SET_MDWE, Linux 6.3).
mdwe=(/usr/bin/python3 -c 'import ctypes, os, sys
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0): sys.exit(77)
os.execvp(sys.argv[1], sys.argv[1:])')
if "${mdwe[@]}" true; then
  rm -f "$work/report"
  exits 0 "${mdwe[@]}" "$memseal" run --slots=seal --report="$work/report" -- \
    "$work/caller"
  says "1 2 4"
  grep -q '/caller slots not sealed: the kernel refused.* errno 13' \
    "$work/report"
fi

# A breakpoint in a stub stays one.
if command -v gdb >/dev/null; then
  gcc -no-pie -Wl,-z,lazy "$work/caller.c" -o "$work/fixed" -L"$work" -lcallee \
    -Wl,-rpath,"$work"
  stub=$(objdump -d "$work/fixed" | sed -n 's/^0*\([0-9a-f]*\) <plain@plt>:/\1/p')
  rm -f "$work/report"
  gdb -nx -batch -ex "set environment LD_AUDIT $BUILD/libmemseal-audit.so" \
    -ex "set environment MEMSEAL_OPTIONS slots=seal;report=$work/report" \
    -ex 'set startup-with-shell off' -ex "break *0x$stub" -ex run -ex 'info registers rip' \
    -ex continue "$work/fixed" >"$work/said" 2>&1 </dev/null
  says "Breakpoint 1, "
  says "1 2 4"
  grep -q '/fixed slots not sealed: the code in memory is not that of' \
    "$work/report"
fi
