# SPDX-License-Identifier: Apache-2.0
"""Attacks on sealed bytes, each beside the same attack on bytes that are not
sealed. Whatever seals runs in a child process."""
import ctypes
import errno
import hashlib
import mmap
import os
import resource
import signal
import sys
import traceback
import unittest

import memseal
from memseal import Engine, Types

PAGE = mmap.PAGESIZE
libc = ctypes.CDLL(None, use_errno=True)
POINTER, SIZE, INT = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
libc.mmap.restype = libc.mremap.restype = POINTER
libc.mmap.argtypes = [POINTER, SIZE, INT, INT, INT, ctypes.c_int64]
libc.munmap.argtypes = [POINTER, SIZE]
libc.mprotect.argtypes = [POINTER, SIZE, INT]
libc.mremap.argtypes = [POINTER, SIZE, SIZE, INT, POINTER]
libc.madvise.argtypes = [POINTER, SIZE, INT]
FAILED = POINTER(-1).value

ATTACKS = {
    "mprotect": lambda at: libc.mprotect(at, PAGE, 3),
    "madvise": lambda at: libc.madvise(at, PAGE, 4),
    "mmap": lambda at: libc.mmap(at, PAGE, 3, 0x32, -1, 0),
    "mremap": lambda at: libc.mremap(at, PAGE, PAGE, 3, at + (1 << 30)),
    "munmap": lambda at: libc.munmap(at, PAGE),
}


def twin():
    """One read-only page with a byte in it, as a value's before its seal."""
    at = libc.mmap(None, PAGE, 3, 0x22, -1, 0)
    assert at != FAILED
    ctypes.memset(at, 7, 1)
    assert libc.mprotect(at, PAGE, 1) == 0
    return at


def outcome(act, at):
    ctypes.set_errno(0)
    return ctypes.get_errno() if act(at) in (-1, FAILED) else 0


def attack(address):
    page = address & -PAGE
    for name, act in ATTACKS.items():
        assert outcome(act, twin()) == 0, f"control: {name}"
        assert outcome(act, page) == errno.EPERM, f"{name} of a sealed page"


def refused(kind, act, *arguments, **named):
    """That an act raises exactly this kind of error, and names its cure."""
    try:
        act(*arguments, **named)
    except memseal.MemsealError as error:
        assert type(error) is kind, repr(error)
        assert kind.cure in str(error), str(error)
        return
    raise AssertionError(f"no {kind.__name__}")


def in_child(act):
    """Runs act in a child; returns its exit status, or -signal."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            act()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class SealedMemory(unittest.TestCase):
    def holds(self, act):
        self.assertEqual(in_child(act), 0)

    def test_sealed_bytes_refuse_every_attack_with_each_engine(self):
        def act():
            for engine in Engine:
                try:
                    value = memseal.SealedBytes(b"x" * 5000, engine)
                except memseal.UnsupportedError:
                    continue
                attack(value.address)
                attack(value.address + 4999)
                assert bytes(value) == b"x" * 5000
                assert memseal.query(value.address).is_sealed
        self.holds(act)

    def test_a_sealed_arena_refuses_every_attack_with_each_engine(self):
        def act():
            for engine in (Engine.AUTOMATIC, Engine.NATIVE, Engine.FILTER):
                try:
                    arena = memseal.Arena(engine=engine)
                except memseal.UnsupportedError:
                    continue
                slot = arena.put(b"draft")
                slot.write(b"kept ")
                refused(memseal.NotSealedError, slot.view)
                arena.seal()
                arena.seal()  # twice is success
                attack(slot.address)
                assert bytes(slot) == b"kept "
                refused(memseal.AlreadySealedError, slot.write, b"x")
                later = arena.put(b"the arena goes on")
                assert not later.is_sealed
                arena.seal()
                assert later.is_sealed
        self.holds(act)

    def test_a_write_to_a_slot_succeeds_and_to_a_sealed_one_is_sigsegv(self):
        def act():
            arena = memseal.Arena()
            slot = arena.put(b"x")
            ctypes.memset(slot.address, 1, 1)  # control: writable memory
            arena.seal()
            ctypes.memset(slot.address, 2, 1)
        self.assertEqual(in_child(act), -signal.SIGSEGV)

    def test_the_interpreter_seals_its_own_code(self):
        def act():
            code = ctypes.cast(libc.getpid, POINTER).value & -PAGE
            assert outcome(lambda at: libc.mprotect(at, PAGE, 5), code) == 0
            assert memseal.seal_self() >= 0
            memseal.seal_self()
            assert outcome(lambda at: libc.mprotect(at, PAGE, 5),
                           code) == errno.EPERM
            assert outcome(ATTACKS["munmap"], code) == errno.EPERM
            import sqlite3  # what is imported later still loads
            sqlite3.connect(":memory:").execute("select 1")
        self.holds(act)

    def test_every_wrong_use_names_its_cure(self):
        def act():
            page = twin()
            refused(memseal.UnalignedError, memseal.seal, page + 1, PAGE)
            gone = twin()
            assert libc.munmap(gone, PAGE) == 0
            refused(memseal.NotMappedError, memseal.seal, gone, PAGE)
            closed = Types.MUNMAP | Types.SEAL
            memseal.seal(page, PAGE, closed, Engine.FILTER)
            memseal.seal(page, PAGE, closed, Engine.FILTER)  # nothing gained
            refused(memseal.AlreadySealedError, memseal.seal, page, PAGE)
            refused(memseal.UnsupportedError, memseal.seal, twin(), PAGE,
                    Types.MUNMAP, Engine.NATIVE)
            refused(memseal.UnsupportedError, memseal.Arena,
                    engine=Engine.STRICT)
            arena = memseal.Arena(reservation=1)
            before = arena.put(b"before")
            refused(memseal.ExhaustedError, arena.reserve, 2 << 20)
            arena.seal()
            assert before.is_sealed
            large = bytes(64 << 20)
            limit_address_space()
            refused(memseal.ExhaustedError, memseal.SealedBytes, large)
        self.holds(act)

    def test_a_sealed_secret_refuses_every_attack_and_has_no_child(self):
        def act():
            key = memseal.Secret(32)
            refused(memseal.NotSealedError, key.view)
            key.write(b"7" * 32)
            key.seal()
            key.seal()  # twice is success
            attack(address_of(key.view()))
            assert key.view() == b"7" * 32
            refused(memseal.AlreadySealedError, key.write, b"8")
            refused(memseal.AlreadySealedError, key.wipe)
            assert in_child(
                lambda: refused(memseal.AlreadyWipedError, key.view)) == 0
            assert key.view() == b"7" * 32

            wiped = memseal.Secret(8)
            wiped.write(b"key")
            wiped.wipe()
            refused(memseal.AlreadyWipedError, wiped.write, b"key")
            refused(memseal.AlreadyWipedError, wiped.seal)
            refused(memseal.AlreadyWipedError, wiped.view)

            filled = memseal.Secret(64)
            with open("/dev/urandom", "rb", buffering=0) as file:
                filled.read_from(file)
            filled.seal()
            assert bytes(filled.view()) != bytes(64)
        self.holds(act)

    def test_the_last_arena_is_refused_with_its_cure(self):
        def act():
            arenas = [memseal.Arena(reservation=1) for _ in range(256)]
            refused(memseal.ExhaustedError, memseal.Arena, reservation=1)
            arenas[0].seal()
        self.holds(act)

    def test_the_type_read_back_is_what_a_filter_enforces(self):
        def act():
            page = twin()
            assert memseal.query(page).types == Types.NONE
            memseal.seal(page, PAGE, Types.MUNMAP, Engine.FILTER)
            info = memseal.query(page)
            assert info.types == Types.MUNMAP and not info.is_sealed
            assert info.engine == Engine.FILTER
            assert outcome(ATTACKS["mprotect"], page) == 0
            assert outcome(ATTACKS["munmap"], page) == errno.EPERM
        self.holds(act)


class Bytes(unittest.TestCase):
    def test_it_reads_like_bytes(self):
        def act():
            data = bytes(range(256)) * 40
            value = memseal.SealedBytes(data)
            assert len(value) == len(data) and bytes(value) == data
            assert value[3] == 3 and value[-1] == 255 and value[4:6] == b"\4\5"
            assert list(value) == list(data) and 17 in value
            assert value == data and data == value and value != b"other"
            assert value == memseal.SealedBytes(bytearray(data))
            assert value != "text"
            assert (hashlib.sha256(value.view()).digest()
                    == hashlib.sha256(data).digest())
            assert "bytes" in repr(value) and "\\x" not in repr(value)
            assert bytes(memseal.SealedBytes(b"")) == b""
            try:
                value.view()[0] = 1
            except TypeError:
                return
            raise AssertionError("the view takes writes")
        self.assertEqual(in_child(act), 0)

    def test_a_read_only_copy_is_taken_once(self):
        def act():
            source = bytearray(b"the key")
            value = memseal.SealedBytes(source)
            source[:] = b"changed"
            assert bytes(value) == b"the key"
        self.assertEqual(in_child(act), 0)

    def test_the_version_is_the_package_s(self):
        self.assertRegex(memseal.version(), r"^\d+\.\d+\.\d+$")


def address_of(view):
    """Where a read-only buffer lies: ctypes takes writable ones only."""
    found = ctypes.create_string_buffer(88)  # Py_buffer: its first word
    get, release = ctypes.pythonapi.PyObject_GetBuffer, \
        ctypes.pythonapi.PyBuffer_Release
    get.argtypes = [ctypes.py_object, POINTER, INT]
    release.argtypes = [POINTER]
    assert get(view, found, 0) == 0
    address = POINTER.from_buffer(found).value
    release(found)
    return address


def limit_address_space():
    """To what is used now: what is large is mapped no more."""
    with open("/proc/self/statm") as statm:
        used = int(statm.read().split()[0]) * PAGE
    resource.setrlimit(resource.RLIMIT_AS, (used, used))


if __name__ == "__main__":
    unittest.main()
