# SPDX-License-Identifier: Apache-2.0
"""Prints its pid and waits until its standard input ends.

  marked.py        as it is
  marked.py marks  gives the advice that marks a keeper's seals about the code
                   of libc: under a keeper the call is none of its seals
  marked.py fork   prints the pid of a forked child, too
"""
import ctypes
import os
import re
import signal
import sys

wanted = sys.argv[1] if len(sys.argv) > 1 else ""
if wanted == "marks":
    libc = ctypes.CDLL(None, use_errno=True)
    for line in open("/proc/self/maps"):
        begin, end, permissions, name = re.match(
            r"(\w+)-(\w+) (\S+) \S+ \S+ \S+ *(.*)", line).groups()
        if "x" not in permissions or "/libc.so" not in name:
            continue
        begin, end = int(begin, 16), int(end, 16)
        for advice in (16, 1):  # MADV_DONTDUMP, MADV_RANDOM
            if libc.madvise(ctypes.c_ulong(begin), ctypes.c_ulong(end - begin),
                            advice):
                sys.exit(1)
child = 0
if wanted == "fork":
    child = os.fork()
    if child == 0:
        signal.pause()
print("ready", os.getpid(), child, flush=True)
sys.stdin.read()
if child:
    os.kill(child, signal.SIGKILL)
