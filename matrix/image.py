# SPDX-License-Identifier: Apache-2.0
"""The root of a matrix guest: an uncompressed cpio archive.

A file has the path in the guest that it has on the host (or in the sysroot),
so paths that were compiled in, RUNPATHs among them, stay true.
"""
import os
import pathlib
import re
import stat
import subprocess
import tempfile

LIBRARY_FOLDERS = ("/usr/lib/{triplet}", "/usr/lib", "/usr/lib64")


class Image:
    """Files by their path in the guest. `root` is where libraries and programs
    of the guest's architecture lie: / or a sysroot."""

    def __init__(self, root, triplet, strip):
        self.root, self.triplet, self.strip = pathlib.Path(root), triplet, strip
        self.entries = {}
        for folder in ("dev", "proc", "sys", "tmp", "run", "root", "usr/bin",
                       "usr/sbin", "usr/lib", "usr/lib64", "usr/lib/locale"):
            self.add_folder("/" + folder)
        for link in ("bin", "sbin", "lib", "lib64"):
            self.entries["/" + link] = (stat.S_IFLNK | 0o777, f"usr/{link}".encode())
        # The kernel opens it for process 1 before devtmpfs is mounted.
        self.entries["/dev/console"] = (stat.S_IFCHR | 0o600, (5, 1))
        self.add_bytes("/etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n"
                       b"nobody:x:65534:65534:nobody:/nonexistent:/bin/sh\n")
        self.add_bytes("/etc/group", b"root:x:0:\nnogroup:x:65534:\n")
        self.add_bytes("/etc/hosts", b"127.0.0.1 localhost\n")

    def add_folder(self, path):
        if path in ("", "/") or path in self.entries:
            return
        self.add_folder(os.path.dirname(path))
        self.entries[path] = (stat.S_IFDIR | 0o755, b"")

    def add_bytes(self, path, content, mode=0o644):
        self.add_folder(os.path.dirname(path))
        self.entries[path] = (stat.S_IFREG | mode, content)

    def add_file(self, path, source=None):
        """Adds one file, and the file behind it if it is a link."""
        path = self.guest_path(path)
        if path in self.entries:
            return
        source = source or self.host_path(path)
        if source.is_symlink():
            target = os.readlink(source)
            self.add_folder(os.path.dirname(path))
            self.entries[path] = (stat.S_IFLNK | 0o777, target.encode())
            self.add_file(os.path.normpath(
                os.path.join(os.path.dirname(path), target)))
        else:
            self.add_bytes(path, source.read_bytes(),
                           stat.S_IMODE(source.stat().st_mode))

    def add_tree(self, folder, keep=lambda path: True):
        for at, _, names in os.walk(self.host_path(folder)):
            for name in names:
                source = pathlib.Path(at, name)
                inside = "/" + str(source.relative_to(self.root)) \
                    if source.is_relative_to(self.root) else str(source)
                if keep(inside):
                    self.add_file(inside)

    def add_program(self, path, source=None):
        """Adds an ELF program or library and all it is linked with."""
        path = self.guest_path(str(path))
        source = source or self.host_path(path)
        if not source.exists():
            raise FileNotFoundError(f"{source}: wanted in the image")
        self.add_file(path, source)
        names, folders = linked_with(source)
        for name in names:
            found = self.find_library(name, os.path.dirname(path), folders)
            if found and found not in self.entries:
                self.add_program(found)

    def add_stripped(self, path):
        """Adds a program of ours without its debug sections."""
        self.add_program(path)
        if os.path.islink(path):
            return
        with tempfile.NamedTemporaryFile() as stripped:
            subprocess.run([self.strip, "-g", "-o", stripped.name, path],
                           check=True)
            self.add_bytes(str(path), pathlib.Path(stripped.name).read_bytes(),
                           0o755)

    def find_library(self, name, origin, folders):
        """Where the loader will find it, as a path in the guest."""
        if "/" in name:  # the interpreter
            return self.guest_path(name)
        for folder in folders:
            path = os.path.join(folder.replace("$ORIGIN", origin), name)
            if self.host_path(path).exists():
                return self.guest_path(path)
        for folder in LIBRARY_FOLDERS:
            path = os.path.join(folder.format(triplet=self.triplet), name)
            if (self.root / path[1:]).exists():
                return path
        return None

    def guest_path(self, path):
        """/lib/x is /usr/lib/x: the image has one /usr."""
        return re.sub(r"^/(bin|sbin|lib|lib64)/", r"/usr/\1/", str(path))

    def host_path(self, path):
        """In the root; what it has not and is no part of a system (the build
        tree) is the host's."""
        inside = self.root / str(path).lstrip("/")
        if os.path.lexists(inside) or str(path).startswith("/usr/"):
            return inside
        return pathlib.Path(path)

    def write(self, target):
        with open(target, "wb") as out:
            for number, (path, (mode, content)) in enumerate(
                    sorted(self.entries.items()), 1):
                write_entry(out, path.lstrip("/"), number, mode, content)
            write_entry(out, "TRAILER!!!", 0, 0, b"")


def linked_with(path):
    """(libraries and interpreter, RUNPATH) of an ELF file; empty for others."""
    done = subprocess.run(["readelf", "-lWd", path], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    names = re.findall(r"\(NEEDED\).*\[(.+)\]", done.stdout)
    names += re.findall(r"program interpreter: (.+)\]", done.stdout)
    runpath = re.search(r"\(RUNPATH\).*\[(.+)\]", done.stdout)
    return names, runpath[1].split(":") if runpath else []


def write_entry(out, name, number, mode, content):
    """One member of the "newc" format.
    Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
    """
    device = (0, 0)
    if stat.S_ISCHR(mode):
        device, content = content, b""
    links = 2 if stat.S_ISDIR(mode) else 1
    fields = (number, mode, 0, 0, links, 0, len(content), 0, 0, *device,
              len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08x" % f for f in fields)
    head += name.encode() + b"\0"
    out.write(head + b"\0" * (-len(head) % 4))
    out.write(content + b"\0" * (-len(content) % 4))
