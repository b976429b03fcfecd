#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Seals memory from Python through ctypes, and shows that the seal holds.

    seal.py [--unsealed] [path/to/libmemseal.so]
"""
import ctypes
import errno
import mmap
import sys

options = [word for word in sys.argv[1:] if word != "--unsealed"]
memseal = ctypes.CDLL(
    options[0] if options else "libmemseal.so.0", use_errno=True)
memseal.memseal_arena_create.argtypes = [
    ctypes.POINTER(ctypes.c_void_p), ctypes.c_size_t, ctypes.c_uint]
memseal.memseal_arena_allocate.argtypes = [
    ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t]
memseal.memseal_arena_allocate.restype = ctypes.c_void_p
memseal.memseal_arena_seal.argtypes = [ctypes.c_void_p]
libc = ctypes.CDLL(None, use_errno=True)
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]

arena = ctypes.c_void_p()
if memseal.memseal_arena_create(ctypes.byref(arena), 0, 0) != 0:
    sys.exit(f"seal.py: {errno.errorcode[ctypes.get_errno()]}")
secret = memseal.memseal_arena_allocate(arena, mmap.PAGESIZE, mmap.PAGESIZE)
ctypes.memmove(secret, b"the key", 7)
if "--unsealed" not in sys.argv:
    assert memseal.memseal_arena_seal(arena) == 0

writable = libc.mprotect(secret, mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_WRITE)
print(ctypes.string_at(secret).decode(),
      "is sealed" if writable == -1 and ctypes.get_errno() == errno.EPERM
      else "is NOT sealed")
