# SPDX-License-Identifier: Apache-2.0
"""Seals the parts of itself that the arguments name, with raw mseal(2), and
waits to be looked at until its standard input ends.

  sleeper.py            seals nothing
  sleeper.py sealable   every mapping of a file that is not writable, the vdso and vvar
  sleeper.py libc-text  the code of libc only
"""
import ctypes
import re
import sys

libc = ctypes.CDLL(None, use_errno=True)
wanted = sys.argv[1] if len(sys.argv) > 1 else ""


def is_wanted(permissions, inode, name):
    if wanted == "libc-text":
        return "x" in permissions and "/libc.so" in name
    if wanted == "sealable":
        return "w" not in permissions and (inode != "0" or name.startswith(("[vdso]", "[vvar")))
    return False


lines = open("/proc/self/maps").read().splitlines()
for line in lines:
    begin, end, permissions, inode, name = re.match(
        r"(\w+)-(\w+) (\S+) \S+ \S+ (\d+) *(.*)", line).groups()
    if not is_wanted(permissions, inode, name):
        continue
    begin, end = int(begin, 16), int(end, 16)
    if libc.syscall(462, ctypes.c_ulong(begin), ctypes.c_ulong(end - begin),
                    ctypes.c_ulong(0)) != 0:
        # ENOSYS: the kernel has no mseal; the test says so and skips.
        print("refused", ctypes.get_errno(), flush=True)
        sys.exit(77)
print("ready", flush=True)
sys.stdin.read()
