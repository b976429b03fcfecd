# SPDX-License-Identifier: Apache-2.0
"""Has a register of seals, and waits until its standard input ends.

  claimant.py filter LIBRARY  a true one: seals two pages with the filter engine
  claimant.py lie             claims the same, without any filter
  claimant.py damage          claims pages that no register can claim
"""
import ctypes
import mmap
import os
import struct
import sys

PAGE = mmap.PAGESIZE
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
area = libc.mmap(None, ctypes.c_size_t(2 * PAGE), 3, 0x22, -1, 0)

if sys.argv[1] == "filter":
    memseal = ctypes.CDLL(sys.argv[2], use_errno=True)
    if memseal.memseal(ctypes.c_void_p(area), ctypes.c_size_t(PAGE), 0x3F, 0x200):
        print("refused", ctypes.get_errno(), flush=True)
        sys.exit(77)
    if memseal.memseal(ctypes.c_void_p(area + PAGE), ctypes.c_size_t(PAGE),
                       0x02, 0x201):
        sys.exit(1)
else:
    first, second = (area, area + PAGE), (area + PAGE, area + 2 * PAGE)
    if sys.argv[1] == "damage":
        first, second = second, first
    entries = struct.pack("<QQIIII", *first, 0x3F, 0x3F, 0, 2)
    entries += struct.pack("<QQIIII", *second, 0x02, 0x02, 1, 2)
    header = struct.pack("<8sIIII IIII QQ IIII", b"memseal\n", 1, PAGE, 0, 4,
                         2, 72, 2, 72, 0, 0, 1, 0, 1, 200)
    assert len(header) == 72, len(header)
    fd = os.memfd_create("memseal-register")
    os.write(fd, header + entries)
    os.ftruncate(fd, PAGE)
    register = mmap.mmap(fd, PAGE, mmap.MAP_PRIVATE, mmap.PROT_READ)
print("ready", hex(area), hex(area + PAGE), flush=True)
sys.stdin.read()
