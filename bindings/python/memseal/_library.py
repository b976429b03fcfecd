# SPDX-License-Identifier: Apache-2.0
"""The C interface of libmemseal (memseal.h, memseal_arena.h, memseal_secret.h)
and the few calls of libc that are made beside it."""
import ctypes
import os
from ctypes import c_char_p, c_int, c_int64, c_size_t, c_uint, c_uint32, c_void_p

SEAL = 0x1
MPROTECT = 0x2
MUNMAP = 0x4
MMAP = 0x8
MREMAP = 0x10
DISCARD = 0x20
ALL = 0x3F
MAPPING = MUNMAP | MMAP | MREMAP

DOWNGRADABLE = 0x1
NATIVE = 0x100
FILTER = 0x200
STRICT = 0x300

BASE_COMPATIBLE = 1
BASE_CLOSED = 2

ARENA_AUTO = 0
ARENA_NATIVE = 1
ARENA_FILTER = 2

PROT_READ = 1
PROT_WRITE = 2
MAP_PRIVATE_ANONYMOUS = 0x22
MAP_FAILED = c_void_p(-1).value


class Information(ctypes.Structure):
    """struct memseal_info."""

    _fields_ = [
        ("size", c_size_t),
        ("begin", c_size_t),
        ("end", c_size_t),
        ("types", c_uint32),
        ("flags", c_uint32),
        ("engine", c_uint32),
        ("filter_types", c_uint32),
        ("base_level", c_uint32),
        ("open", c_uint32),
    ]


_SIGNATURES = {
    "memseal": (c_int, c_void_p, c_size_t, c_uint, c_uint),
    "memseal_harden": (c_int, c_uint),
    "memseal_query": (c_int, c_void_p, ctypes.POINTER(Information)),
    "memseal_self": (c_int, c_uint),
    "memseal_version": (c_char_p,),
    "memseal_explain_faults": (c_int,),
    "memseal_secret_create": (
        c_int, ctypes.POINTER(c_void_p), c_size_t, c_uint),
    "memseal_secret_edit": (c_void_p, c_void_p),
    "memseal_secret_seal": (c_int, c_void_p, c_uint),
    "memseal_secret_read": (c_void_p, c_void_p),
    "memseal_secret_wipe": (c_int, c_void_p),
    "memseal_secret_free": (c_int, c_void_p),
    "memseal_arena_create": (
        c_int, ctypes.POINTER(c_void_p), c_size_t, c_uint),
    "memseal_arena_allocate": (c_void_p, c_void_p, c_size_t, c_size_t),
    "memseal_arena_seal": (c_int, c_void_p),
    "memseal_arena_is_sealed": (c_int, c_void_p, c_void_p, c_size_t),
}


def _load() -> ctypes.CDLL:
    """MEMSEAL_LIBRARY names another libmemseal.so than the system's."""
    name = os.environ.get("MEMSEAL_LIBRARY", "libmemseal.so.0")
    try:
        found = ctypes.CDLL(name, use_errno=True)
    except OSError as why:
        raise ImportError(
            f"{why}: install libmemseal0, or name libmemseal.so in"
            " MEMSEAL_LIBRARY") from None
    for function, (result, *arguments) in _SIGNATURES.items():
        getattr(found, function).restype = result
        getattr(found, function).argtypes = arguments
    return found


library = _load()

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = c_void_p
libc.mmap.argtypes = [c_void_p, c_size_t, c_int, c_int, c_int, c_int64]
libc.munmap.argtypes = [c_void_p, c_size_t]
libc.mprotect.argtypes = [c_void_p, c_size_t, c_int]


def view_of(address: int, size: int) -> memoryview:
    """The bytes there, to read. They must stay mapped for ever."""
    array = (ctypes.c_ubyte * size).from_address(address)
    return memoryview(array).toreadonly().cast("B")
