# SPDX-License-Identifier: Apache-2.0
"""Executes a program under a seccomp filter.

  filtered.py kill|EPERM|... CALL[,CALL...] PROGRAM ARG...

CALL is a system call number; NUMBER/INDEX:MASK only matches if the argument has
one of the mask's bits. Used to be a system that lacks or forbids calls.
"""
import ctypes
import errno
import os
import struct
import sys

LOAD, EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
NUMBER, ARGUMENTS = 0, 16  # in struct seccomp_data
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000
verdict, calls, command = sys.argv[1], sys.argv[2].split(","), sys.argv[3:]
answer = KILL if verdict == "kill" else ERRNO | getattr(errno, verdict)

code = []
for call in calls:
    number, _, bits = call.partition("/")
    match = [(RETURN, 0, 0, answer)]
    if bits:
        index, mask = map(int, bits.split(":"))
        match = [(LOAD, 0, 0, ARGUMENTS + 8 * index), (ANY_BIT, 0, 1, mask)] + match
    code += [(LOAD, 0, 0, NUMBER), (EQUAL, 0, len(match), int(number))] + match
code.append((RETURN, 0, 0, ALLOW))
program = b"".join(struct.pack("HBBI", *instruction) for instruction in code)
buffer = ctypes.create_string_buffer(program, len(program))
header = struct.pack("HxxxxxxQ", len(code), ctypes.addressof(buffer))

libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
if libc.prctl(22, 2, header, 0, 0) != 0:  # PR_SET_SECCOMP
    print("no filter can be installed here")
    sys.exit(77)
os.execv(command[0], command)
