# SPDX-License-Identifier: Apache-2.0
"""SealedBytes."""
import ctypes
import hmac
import mmap
from typing import Iterator, Union, overload

from . import _library as c
from .errors import MemsealError, of_errno
from .process import Engine, seal

BytesLike = Union[bytes, bytearray, memoryview]


class SealedBytes:
    """A copy of some bytes, on pages of its own, that nobody can change.

    It stays in memory until the process ends, also when the object is gone. A
    seal covers whole pages: for many small values take an Arena.

    Where a function wants a buffer (hmac, hashlib, files, sockets) give it
    `view()`, which copies nothing; slices are copies.
    """

    __slots__ = ("_view", "_address")

    def __init__(self, data: BytesLike,
                 engine: Engine = Engine.AUTOMATIC) -> None:
        """Raises ExhaustedError, UnsupportedError, FilterBudgetError or
        BusyError; nothing stays mapped then."""
        size = memoryview(data).nbytes
        self._address = _map(size)
        # Straight from the caller's buffer: no copy stays on the heap.
        room = (ctypes.c_ubyte * size).from_address(self._address)
        memoryview(room).cast("B")[:] = memoryview(data).cast("B")
        _make_immutable(self._address, size, engine)
        self._view = c.view_of(self._address, size)

    @property
    def address(self) -> int:
        """Where the first byte is, for C functions."""
        return self._address

    def view(self) -> memoryview:
        """The bytes themselves, read-only."""
        return self._view

    def __buffer__(self, flags: int) -> memoryview:
        return self._view

    def __bytes__(self) -> bytes:
        return self._view.tobytes()

    def __len__(self) -> int:
        return len(self._view)

    def __iter__(self) -> Iterator[int]:
        return iter(self._view)

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> bytes: ...

    def __getitem__(self, index: Union[int, slice]) -> Union[int, bytes]:
        found = self._view[index]
        return found if isinstance(found, int) else found.tobytes()

    def __eq__(self, other: object) -> bool:
        """In a time that does not tell where a difference is."""
        if isinstance(other, SealedBytes):
            other = other._view
        if not isinstance(other, (bytes, bytearray, memoryview)):
            return NotImplemented
        return hmac.compare_digest(self._view, other)

    # Python hashes copies only, and a copy of a key would stay on the heap.
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<SealedBytes: {len(self)} bytes>"  # a log shows no key


def _rounded(size: int) -> int:
    return -(-max(size, 1) // mmap.PAGESIZE) * mmap.PAGESIZE


def _map(size: int) -> int:
    address: int = c.libc.mmap(None, _rounded(size), c.PROT_READ | c.PROT_WRITE,
                               c.MAP_PRIVATE_ANONYMOUS, -1, 0)
    if address == c.MAP_FAILED:
        raise of_errno(ctypes.get_errno(), room=True)
    return address


def _make_immutable(address: int, size: int, engine: Engine) -> None:
    size = _rounded(size)
    try:
        if c.libc.mprotect(address, size, c.PROT_READ) != 0:
            raise of_errno(ctypes.get_errno(), room=True)
        seal(address, size, engine=engine)
    except MemsealError:
        c.libc.munmap(address, size)
        raise
