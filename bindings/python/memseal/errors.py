# SPDX-License-Identifier: Apache-2.0
"""What memseal refuses, by cause. Each message ends with its cure."""
import errno as codes
import os


class MemsealError(OSError):
    """A refusal; nothing was sealed. `errno` is the C interface's."""

    cure = "see the errno, and `memseal doctor`"

    def __init__(self, errno: int, what: str) -> None:
        super().__init__(errno, f"{what}: {self.cure}")


class UnalignedError(MemsealError):
    """The address is not a multiple of the page size."""

    cure = ("round the address down to mmap.PAGESIZE, or let SealedBytes or"
            " Arena place the bytes")


class NotMappedError(MemsealError):
    """A part of the range is not mapped, or memory is short."""

    cure = ("map the whole range first; if it is mapped, raise vm.max_map_count"
            " or the memory limit")


class ExhaustedError(MemsealError):
    """No room: the arena's reservation, the arenas or memory is used up."""

    cure = ("reserve a larger arena, share one arena (a process has 256), or"
            " raise the memory limit")


class NotSealedError(MemsealError):
    """Not sealed yet: it can be read here only after that."""

    cure = "call the arena's seal() before this"


class AlreadySealedError(MemsealError):
    """Sealed already: it can be written no more."""

    cure = ("write everything, and ask for all types, before the seal: there is"
            " no unseal")


class AlreadyWipedError(MemsealError):
    """Wiped, or in a child that has no secret of its parent's."""

    cure = "make a new secret; a child makes its own"


class LockedMemoryError(MemsealError):
    """No more memory may be locked."""

    cure = "raise RLIMIT_MEMLOCK (ulimit -l), or keep fewer secrets"


class UnsupportedError(MemsealError):
    """No engine here enforces what was asked for."""

    cure = ("ask for all types and Engine.AUTOMATIC; `memseal doctor` says what"
            " this system has")


class FilterBudgetError(MemsealError):
    """The kernel takes no more filter instructions."""

    cure = "keep values in one Arena instead of sealing them one by one"


class BusyError(MemsealError):
    """A thread could not be brought under the seal."""

    cure = ("seal before threads with seccomp filters of their own start, or"
            " take Engine.NATIVE")


_BY_ERRNO = {
    codes.ENOMEM: NotMappedError,
    codes.EACCES: AlreadySealedError,
    codes.EOPNOTSUPP: UnsupportedError,
    codes.E2BIG: FilterBudgetError,
    codes.EBUSY: BusyError,
    codes.ESTALE: AlreadyWipedError,
}


def of_errno(errno: int, *, room: bool = False) -> MemsealError:
    """The error for an errno; `room`: ENOMEM can only mean that it is full."""
    kind = _BY_ERRNO.get(errno, MemsealError)
    if room and kind is NotMappedError:
        kind = ExhaustedError
    return kind(errno, os.strerror(errno))
