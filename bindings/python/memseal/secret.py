# SPDX-License-Identifier: Apache-2.0
"""Secret."""
import ctypes
import errno
from typing import Any

from . import _library as c
from .errors import (
    AlreadySealedError,
    LockedMemoryError,
    NotSealedError,
    of_errno,
)
from .process import Engine
from .sealed import BytesLike


class Secret:
    """A key: bytes between inaccessible pages, locked into memory, left out of
    core dumps and out of forked children.

        key = memseal.Secret(32)
        with open("key", "rb", buffering=0) as file:
            key.read_from(file)      # no copy on Python's heap
        key.seal()                   # nobody writes to it again
        hmac.new(key.view(), message, "sha256")

    What is not sealed is wiped when the object ends; what is sealed stays to the
    end of the process.
    """

    __slots__ = ("_raw", "_size")

    def __init__(self, size: int) -> None:
        """Makes `size` zero bytes, 1 GiB at most. Raises LockedMemoryError,
        ExhaustedError, UnsupportedError (Linux before 4.14)."""
        self._raw = ctypes.c_void_p()
        self._size = size
        if c.library.memseal_secret_create(
                ctypes.byref(self._raw), size, 0) != 0:
            code = ctypes.get_errno()
            if code in (errno.EAGAIN, errno.EPERM):
                raise LockedMemoryError(code, "no more memory may be locked")
            raise of_errno(code, room=True)

    def write(self, data: BytesLike, offset: int = 0) -> None:
        """Writes into it. Raises AlreadySealedError, AlreadyWipedError,
        ValueError if the bytes do not fit; nothing is written then."""
        source = memoryview(data).cast("B")
        if offset < 0 or offset + len(source) > self._size:
            raise ValueError(f"{len(source)} bytes at {offset} do not fit into a"
                             f" secret of {self._size}")
        with self._open() as place:
            place[offset:offset + len(source)] = source

    def read_from(self, file: Any) -> None:
        """Fills it from a file opened with buffering=0, without a copy. Raises
        EOFError where the file is shorter; what it had is there then."""
        with self._open() as place:
            done = 0
            while done < self._size:
                with place[done:] as rest:
                    count = file.readinto(rest)
                if not count:
                    raise EOFError(f"{done} bytes of {self._size}")
                done += count

    def seal(self, engine: Engine = Engine.AUTOMATIC) -> None:
        """Seals it, for ever; sealing twice is success. Raises as memseal.seal,
        and AlreadyWipedError; it can be written as before then."""
        if c.library.memseal_secret_seal(self._raw, engine) != 0:
            raise of_errno(ctypes.get_errno())

    def view(self) -> memoryview:
        """The sealed bytes themselves, read-only. Raises NotSealedError, and
        AlreadyWipedError, also in a child."""
        address = c.library.memseal_secret_read(self._raw)
        if not address:
            code = ctypes.get_errno()
            if code == errno.EAGAIN:
                raise NotSealedError(code, "the secret is not sealed yet")
            raise of_errno(code)
        return c.view_of(address, self._size)

    def wipe(self) -> None:
        """Overwrites it and gives its memory back. Raises AlreadySealedError:
        what is sealed ends with the process."""
        if c.library.memseal_secret_wipe(self._raw) != 0:
            code = ctypes.get_errno()
            if code == errno.EPERM:
                raise AlreadySealedError(code, "the secret is sealed already")
            raise of_errno(code)

    def _open(self) -> memoryview:
        address = c.library.memseal_secret_edit(self._raw)
        if not address:
            code = ctypes.get_errno()
            if code == errno.EPERM:
                raise AlreadySealedError(code, "the secret is sealed already")
            raise of_errno(code)
        array = (ctypes.c_ubyte * self._size).from_address(address)
        return memoryview(array).cast("B")

    def __len__(self) -> int:
        return self._size

    def __repr__(self) -> str:
        return f"<Secret: {self._size} bytes>"  # a log shows no key

    def __del__(self) -> None:
        if self._raw:
            c.library.memseal_secret_free(self._raw)  # a sealed one stays
