# SPDX-License-Identifier: Apache-2.0
"""Bytes that are written once, sealed, and read for ever.

    import memseal

    key = memseal.SealedBytes(b"the key")
    key[:3]                      # b'the': reads like bytes
    memseal.seal_self()          # code, constants and RELRO of the interpreter

A seal makes the mapping of whole pages immutable, for the rest of the process's
life: no system call makes sealed memory writable, unmaps it, replaces it, moves
it or empties it. A write to it is a SIGSEGV.

What is sealed are the bytes, not the Python object that refers to them: that
lies on the interpreter's heap. Nor does a seal stop writes through
/proc/self/mem or by ptrace (memseal's docs/threat-model.md has the whole list).
"""
from .arena import Arena, Slot
from .errors import (
    AlreadySealedError,
    AlreadyWipedError,
    BusyError,
    ExhaustedError,
    FilterBudgetError,
    LockedMemoryError,
    MemsealError,
    NotMappedError,
    NotSealedError,
    UnalignedError,
    UnsupportedError,
)
from .process import (
    BaseLevel,
    Engine,
    Info,
    Types,
    explain_faults,
    harden,
    query,
    seal,
    seal_self,
    version,
)
from .sealed import SealedBytes
from .secret import Secret

__all__ = [
    "AlreadySealedError",
    "AlreadyWipedError",
    "Arena",
    "BaseLevel",
    "BusyError",
    "Engine",
    "ExhaustedError",
    "FilterBudgetError",
    "Info",
    "LockedMemoryError",
    "MemsealError",
    "NotMappedError",
    "NotSealedError",
    "SealedBytes",
    "Secret",
    "Slot",
    "Types",
    "UnalignedError",
    "UnsupportedError",
    "explain_faults",
    "harden",
    "query",
    "seal",
    "seal_self",
    "version",
]
