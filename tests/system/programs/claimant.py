# SPDX-License-Identifier: Apache-2.0
"""Has a register of seals, and waits until its standard input ends.

  claimant.py filter LIBRARY  a true one: seals two pages with the filter engine
  claimant.py lie             claims the same, without any filter
  claimant.py damage          claims pages that no register can claim
  claimant.py crowd N         claims N pages under a filter that refuses nothing,
                              and maps a file 20,000 times
"""
import ctypes
import mmap
import os
import struct
import sys

PAGE = mmap.PAGESIZE
HEADER, ENTRY = 88, 32
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
area = libc.mmap(None, ctypes.c_size_t(2 * PAGE), 3, 0x22, -1, 0)


def entry(begin, end, types=0x3F, flags=0):
    return struct.pack("<QQIIII", begin, end, types, types, flags, 2)


def register(entries):
    """Both tables are the same one."""
    capacity = len(entries) // ENTRY
    size = -(-(HEADER + len(entries)) // PAGE) * PAGE
    header = struct.pack("<8sIIII IIII QQQ IIIIII", b"memseal\n", 1, PAGE, 0,
                         capacity, capacity, HEADER, capacity, HEADER, size, 0,
                         0, 1, 0, 1, 200, 0, 0)
    assert len(header) == HEADER, len(header)
    fd = os.memfd_create("memseal-register")
    os.write(fd, header + entries)
    os.ftruncate(fd, size)
    return mmap.mmap(fd, size, mmap.MAP_PRIVATE, mmap.PROT_READ)


def filter_that_allows():
    code = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7FFF0000))
    program = struct.pack("HxxxxxxQ", 1, ctypes.addressof(code))
    assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
    if libc.prctl(22, 2, program, 0, 0) != 0:  # PR_SET_SECCOMP
        print("refused", ctypes.get_errno(), flush=True)
        sys.exit(77)


if sys.argv[1] == "filter":
    memseal = ctypes.CDLL(sys.argv[2], use_errno=True)
    if memseal.memseal(ctypes.c_void_p(area), ctypes.c_size_t(PAGE), 0x3F, 0x200):
        print("refused", ctypes.get_errno(), flush=True)
        sys.exit(77)
    if memseal.memseal(ctypes.c_void_p(area + PAGE), ctypes.c_size_t(PAGE),
                       0x02, 0x201):
        sys.exit(1)
elif sys.argv[1] == "crowd":
    filter_that_allows()
    program = os.open("/proc/self/exe", os.O_RDONLY)
    for _ in range(20_000):
        # Neighbours of the same offset do not merge.
        libc.mmap(None, ctypes.c_size_t(PAGE), 1, 2, program, 0)
    claimed = register(b"".join(entry(2 * i * PAGE, (2 * i + 1) * PAGE)
                                for i in range(1, int(sys.argv[2]) + 1)))
else:
    entries = [entry(area, area + PAGE),
               entry(area + PAGE, area + 2 * PAGE, 0x02, 1)]
    if sys.argv[1] == "damage":
        entries.reverse()
    claimed = register(b"".join(entries))
print("ready", hex(area), hex(area + PAGE), flush=True)
sys.stdin.read()
