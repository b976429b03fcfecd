# SPDX-License-Identifier: Apache-2.0
"""Debian packages of any release and architecture, beside the system's own.

apt is given a state, a cache and a source list of its own: nothing is
installed, and the system's sources and lists are neither read nor changed.
Only the mirror's address is the system's, so that a machine with a mirror of
its own uses it here too.
"""
import os
import pathlib
import re
import shutil
import subprocess
import tarfile

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def cache_home():
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "memseal"


def system_mirror():
    """The address the system itself takes Debian from."""
    sources = [pathlib.Path("/etc/apt/sources.list")]
    sources += sorted(pathlib.Path("/etc/apt/sources.list.d").glob("*"))
    for source in sources:
        if source.suffix not in (".list", ".sources") or not source.exists():
            continue
        text = re.sub(r"^\s*#.*$", "", source.read_text(), flags=re.M)
        found = re.search(r"https?://\S+/debian(?=[/\s])", text)
        if found:
            return found.group(0)
    return "http://deb.debian.org/debian"


class Archive:
    """One Debian release for one architecture."""

    def __init__(self, release, arch):
        self.release, self.arch = release, arch
        self.home = cache_home() / "apt" / f"{release}-{arch}"
        self.debs = self.home / "cache/archives"
        self.config = self.home / "apt.conf"

    def prepare(self):
        """Writes the configuration and fetches the package lists once."""
        if (self.home / "ready").exists():
            return
        for folder in (self.home / "state/lists/partial", self.debs / "partial"):
            folder.mkdir(parents=True, exist_ok=True)
        (self.home / "status").touch()
        (self.home / "sources.list").write_text(
            f"deb [arch={self.arch} signed-by={KEYRING}] "
            f"{system_mirror()} {self.release} main\n")
        self.config.write_text(
            f'Dir::State "{self.home}/state/";\n'
            f'Dir::State::status "{self.home}/status";\n'
            f'Dir::Cache "{self.home}/cache/";\n'
            f'Dir::Etc::SourceList "{self.home}/sources.list";\n'
            'Dir::Etc::SourceParts "/dev/null";\n'
            f'APT::Architecture "{self.arch}";\n'
            f'APT::Architectures {{ "{self.arch}"; }};\n'
            'APT::Install-Recommends "false";\n'
            'APT::Sandbox::User "root";\n'
            'Acquire::Languages "none";\n'
            'Acquire::Retries "3";\n'
            # Else a mirror out of reach is a warning, and a list without packages.
            'APT::Update::Error-Mode "any";\n'
            'Debug::NoLocking "true";\n')
        self.apt("apt-get", "-qq", "update")
        (self.home / "ready").touch()

    def apt(self, *command):
        environment = dict(os.environ, APT_CONFIG=str(self.config), LC_ALL="C")
        done = subprocess.run(command, env=environment, cwd=self.debs, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}:\n{done.stdout}")
        return done.stdout

    def depends(self, package, pattern):
        """The dependency of `package` that matches, e.g. a kernel's name."""
        self.prepare()
        shown = self.apt("apt-cache", "show", package)
        found = re.search(pattern, shown)
        if not found:
            raise RuntimeError(f"{self.release}: {package} names no {pattern}")
        return found.group(0)

    def download(self, package):
        """The package file, without its dependencies."""
        have = sorted(self.debs.glob(f"{package}_*.deb"))
        if not have:
            self.prepare()
            self.apt("apt-get", "-qq", "download", package)
            have = sorted(self.debs.glob(f"{package}_*.deb"))
        return have[-1]

    def unpack_with_dependencies(self, packages, root):
        """A file tree with the packages and all they depend on. No package
        script runs: this is for headers, libraries and programs, not services.
        """
        stamp = root.with_name(root.name + ".packages")
        wanted = " ".join(sorted(packages))
        if stamp.exists() and stamp.read_text() == wanted:
            return root
        self.prepare()
        self.apt("apt-get", "-qq", "-y", "--download-only", "install", *packages)
        shutil.rmtree(root, ignore_errors=True)
        # One /usr, as in every Debian since 12; `tar` keeps the links.
        for folder in ("bin", "sbin", "lib", "lib64"):
            (root / "usr" / folder).mkdir(parents=True)
            (root / folder).symlink_to(f"usr/{folder}")
        for deb in sorted(self.debs.glob("*.deb")):
            tar = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb],
                                   stdout=subprocess.PIPE)
            subprocess.run(["tar", "x", "-C", root, "--keep-directory-symlink",
                            "--no-same-owner"], stdin=tar.stdout, check=True)
            tar.wait()
        stamp.write_text(wanted)
        return root


def kernel(release, arch):
    """(version, path of the kernel image) of a release's cloud kernel."""
    archive = Archive(release, arch)
    known = archive.home / "kernel"
    if known.exists():
        name = known.read_text().strip()
    else:
        name = archive.depends(f"linux-image-cloud-{arch}",
                               rf"linux-image-\d\S+-cloud-{arch}(?!\S*-unsigned)")
        archive.home.mkdir(parents=True, exist_ok=True)
        known.write_text(name)
    version = name.removeprefix("linux-image-")
    image = cache_home() / "kernels" / f"vmlinuz-{version}"
    if not image.exists():
        image.parent.mkdir(parents=True, exist_ok=True)
        partial = image.with_suffix(".partial")
        partial.write_bytes(kernel_file(archive, version))
        partial.rename(image)
    return version, image


def kernel_file(archive, version):
    """The bytes of vmlinuz. Since 2026 it lies in a package of its own."""
    for package in ("linux-image", "linux-binary"):
        tar = ["dpkg-deb", "--fsys-tarfile",
               archive.download(f"{package}-{version}")]
        with subprocess.Popen(tar, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as files:
            with tarfile.open(fileobj=files.stdout, mode="r|") as members:
                for member in members:
                    if member.isfile() and "/vmlinuz" in member.name:
                        return members.extractfile(member).read()
    raise RuntimeError(f"no package of {version} has its vmlinuz")
