# SPDX-License-Identifier: Apache-2.0
"""Arena and Slot."""
import ctypes
import errno

from . import _library as c
from .errors import (
    AlreadySealedError,
    NotSealedError,
    UnsupportedError,
    of_errno,
)
from .process import Engine
from .sealed import BytesLike

_ENGINES = {
    Engine.AUTOMATIC: c.ARENA_AUTO,
    Engine.NATIVE: c.ARENA_NATIVE,
    Engine.FILTER: c.ARENA_FILTER,
}


class Slot:
    """Some bytes in an arena: written until its seal, read after it."""

    __slots__ = ("_arena", "_address", "_size")

    def __init__(self, arena: "Arena", address: int, size: int) -> None:
        self._arena = arena
        self._address = address
        self._size = size

    @property
    def address(self) -> int:
        """Where the first byte is, for C functions."""
        return self._address

    @property
    def is_sealed(self) -> bool:
        """Whether all of it is sealed."""
        return bool(c.library.memseal_arena_is_sealed(
            self._arena._raw, self._address, max(self._size, 1)))

    def write(self, data: BytesLike, offset: int = 0) -> None:
        """Writes into it. Raises AlreadySealedError after the seal, ValueError
        if the bytes do not fit; nothing is written then."""
        if self.is_sealed:
            raise AlreadySealedError(errno.EPERM, "the slot is sealed already")
        source = memoryview(data).cast("B")
        if offset < 0 or offset + len(source) > self._size:
            raise ValueError(f"{len(source)} bytes at {offset} do not fit into a"
                             f" slot of {self._size}: make it as large as needed")
        array = (ctypes.c_ubyte * self._size).from_address(self._address)
        memoryview(array).cast("B")[offset:offset + len(source)] = source

    def view(self) -> memoryview:
        """The bytes themselves, read-only. Raises NotSealedError before."""
        if not self.is_sealed:
            raise NotSealedError(errno.EPERM, "the slot is not sealed yet")
        return c.view_of(self._address, self._size)

    def __bytes__(self) -> bytes:
        return self.view().tobytes()

    def __len__(self) -> int:
        return self._size

    def __repr__(self) -> str:
        state = "sealed" if self.is_sealed else "not sealed yet"
        return f"<Slot: {self._size} bytes, {state}>"


class Arena:
    """Memory that takes many values and seals them by one call.

        arena = memseal.Arena()
        key = arena.put(b"the key")
        arena.seal()                 # nobody writes to it again
        key.view()

    It is never given back, also when the object is gone.
    """

    __slots__ = ("_raw",)

    def __init__(self, reservation: int = 0,
                 engine: Engine = Engine.AUTOMATIC) -> None:
        """Reserves addresses (bytes; 0: 1 TiB, at most 8 TiB), no memory yet.

        Raises ExhaustedError (256 arenas, memory), UnsupportedError (also for
        Engine.STRICT), FilterBudgetError, BusyError.
        """
        if engine not in _ENGINES:
            raise UnsupportedError(errno.EOPNOTSUPP,
                                   "an arena has the engine native or filter")
        self._raw = ctypes.c_void_p()
        if c.library.memseal_arena_create(
                ctypes.byref(self._raw), reservation, _ENGINES[engine]) != 0:
            raise of_errno(ctypes.get_errno(), room=True)

    def put(self, data: BytesLike) -> Slot:
        """Puts a copy of the bytes there. Raises ExhaustedError; what was put
        there before is unharmed and can be sealed."""
        slot = self.reserve(memoryview(data).nbytes)
        slot.write(data)
        return slot

    def reserve(self, size: int, alignment: int = 1) -> Slot:
        """Takes `size` zero bytes at a multiple of `alignment`, a power of 2."""
        if size < 0:
            raise ValueError("a slot has no negative size")
        address = c.library.memseal_arena_allocate(
            self._raw, max(size, 1), alignment)
        if not address:
            raise of_errno(ctypes.get_errno(), room=True)
        return Slot(self, address, size)

    def seal(self) -> None:
        """Seals everything put there so far, for ever. More may be put and
        sealed afterwards; sealing twice is success.

        Raises ExhaustedError (the kernel's limit of mappings); nothing is
        sealed then.
        """
        if c.library.memseal_arena_seal(self._raw) != 0:
            raise of_errno(ctypes.get_errno(), room=True)
