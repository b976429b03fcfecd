# SPDX-License-Identifier: Apache-2.0
"""Prints its pid and waits until its standard input ends.

  kept.py        as it is
  kept.py page   maps a page that looks as if it stood for an image in which
                   a keeper has sealed something
  kept.py fork   prints the pid of a forked child, too
  kept.py daemon first becomes a daemon, a child of nobody here; prints what
                   making the code of libc writable comes to, too: an errno
"""
import ctypes
import os
import re
import signal
import sys
import time

wanted = sys.argv[1] if len(sys.argv) > 1 else ""
libc = ctypes.CDLL(None, use_errno=True)


def code_of_libc():
    for line in open("/proc/self/maps"):
        begin, end, permissions, name = re.match(
            r"(\w+)-(\w+) (\S+) \S+ \S+ \S+ *(.*)", line).groups()
        if "x" not in permissions or "/libc.so" not in name:
            continue
        begin, end = int(begin, 16), int(end, 16)
        return ctypes.c_ulong(begin), ctypes.c_ulong(end - begin)


if wanted == "page":
    memfd = os.memfd_create("memseal-image")
    libc.mmap.restype = ctypes.c_void_p
    # PROT_NONE, MAP_SHARED
    if libc.mmap(None, ctypes.c_ulong(4096), 0, 1, memfd, ctypes.c_long(0)) in (None, 2**64 - 1):
        sys.exit(1)
child = 0
if wanted == "fork":
    child = os.fork()
    if child == 0:
        signal.pause()
if wanted == "daemon":
    if os.fork():
        os._exit(0)
    os.setsid()
    leader = os.getpid()
    if os.fork():
        os._exit(0)
    while os.getppid() == leader:
        time.sleep(0.01)
    # PROT_READ | PROT_EXEC | PROT_WRITE
    child = ctypes.get_errno() if libc.mprotect(*code_of_libc(), 7) else 0
print("ready", os.getpid(), child, flush=True)
sys.stdin.read()
if wanted == "fork":
    os.kill(child, signal.SIGKILL)
