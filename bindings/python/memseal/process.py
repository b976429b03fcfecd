# SPDX-License-Identifier: Apache-2.0
"""Seals by address, and of the whole interpreter."""
import ctypes
import enum
import errno
import mmap
from dataclasses import dataclass
from typing import Optional

from . import _library as c
from .errors import UnalignedError, of_errno


class Engine(enum.IntEnum):
    """Who enforces a seal."""

    AUTOMATIC = 0
    """NATIVE where it can do what is asked, else FILTER."""
    NATIVE = c.NATIVE
    """mseal(2), Linux 6.10; all types or nothing."""
    FILTER = c.FILTER
    """A seccomp filter; any types. Without CAP_SYS_ADMIN: no_new_privs."""
    STRICT = c.STRICT
    """Both, which closes the holes that mseal(2) leaves."""


class Types(enum.IntFlag):
    """What a seal forbids."""

    NONE = 0
    SEAL = c.SEAL
    """Further types."""
    MPROTECT = c.MPROTECT
    MUNMAP = c.MUNMAP
    MMAP = c.MMAP
    """Being replaced."""
    MREMAP = c.MREMAP
    DISCARD = c.DISCARD
    """madvise that empties or hides pages."""
    MAPPING = c.MAPPING
    """Cannot be unmapped, shrunk, moved or replaced."""
    ALL = c.ALL


class BaseLevel(enum.IntEnum):
    """How much the base filter refuses beside the sealed ranges."""

    COMPATIBLE = c.BASE_COMPATIBLE
    """What ordinary programs do not do."""
    CLOSED = c.BASE_CLOSED
    """Also io_uring, userfaultfd and ptrace."""


@dataclass(frozen=True)
class Info:
    """What holds at an address, and from `begin` to `end` around it."""

    begin: int
    end: int
    types: Types
    downgradable: bool
    engine: Optional[Engine]

    @property
    def is_sealed(self) -> bool:
        """Whether the place holds every seal."""
        return self.types == Types.ALL


def seal(address: int, size: int, types: Types = Types.ALL,
         engine: Engine = Engine.AUTOMATIC) -> None:
    """Seals the pages that `size` bytes at `address` touch, for ever.

    They must be yours, for the rest of the process's life: never seal memory of
    Python objects. With Types.MPROTECT their protection stays as it is now: make
    them read-only first.

    Raises UnalignedError, NotMappedError, AlreadySealedError (the range holds
    Types.SEAL and would gain something), UnsupportedError, FilterBudgetError,
    BusyError. Nothing is sealed then.
    """
    if address % mmap.PAGESIZE != 0:
        raise UnalignedError(errno.EINVAL,
                             f"address {address:#x} is not page-aligned")
    if c.library.memseal(address, size, types, engine) != 0:
        raise of_errno(ctypes.get_errno())


def seal_self(engine: Engine = Engine.AUTOMATIC) -> int:
    """Seals what the interpreter consists of: code, constants and relocated
    data (RELRO) of the executable and of every library that is loaded now, the
    C extensions among them.

    Import what you need first; call it again after a later import. Returns how
    many objects were left out because they have text relocations.
    """
    left: int = c.library.memseal_self(engine)
    if left < 0:
        raise of_errno(ctypes.get_errno())
    return left


def harden(level: BaseLevel = BaseLevel.COMPATIBLE) -> None:
    """Installs the base filter of the filter engine, or raises its level."""
    if c.library.memseal_harden(level) != 0:
        raise of_errno(ctypes.get_errno())


def explain_faults() -> None:
    """Makes a write to sealed memory say what it hit, and by whose write, before
    the interpreter dies of SIGSEGV as it would without."""
    if c.library.memseal_explain_faults() != 0:
        raise of_errno(ctypes.get_errno())


def query(address: int) -> Info:
    """Tells what is sealed at an address, by memseal or by mseal(2)."""
    found = c.Information(size=ctypes.sizeof(c.Information))
    if c.library.memseal_query(address, ctypes.byref(found)) != 0:
        raise of_errno(ctypes.get_errno())
    return Info(found.begin, found.end, Types(found.types),
                bool(found.flags & c.DOWNGRADABLE),
                Engine(found.engine) if found.engine else None)


def version() -> str:
    """Of the library that is running: "0.2.0"."""
    text: bytes = c.library.memseal_version()
    return text.decode()
