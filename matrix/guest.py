# SPDX-License-Identifier: Apache-2.0
"""What a guest of each architecture is made of, and what it runs."""
import fnmatch
import pathlib
import subprocess

import image
import packages

COMPILER = {"amd64": "gcc", "arm64": "aarch64-linux-gnu-gcc"}
STRIP = {"amd64": "strip", "arm64": "aarch64-linux-gnu-strip"}
TRIPLET = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
BUILD = {"amd64": "build", "arm64": "build-aarch64"}

SECONDS = 300  # for one program: emulation is 10 to 30 times slower


def build(source, arch, work, only, say):
    """(path of the image, names of the programs it runs)."""
    tree = source / BUILD[arch]
    root = pathlib.Path("/")
    guest = image.Image(root, TRIPLET[arch], STRIP[arch])
    init = work / f"init-{arch}"
    subprocess.run([COMPILER[arch], "-O2", "-Wall", "-static", "-o", init,
                    source / "matrix/init.c"], check=True)
    guest.add_bytes("/init", init.read_bytes(), 0o755)

    lines = []
    for program in sorted(tree.glob("tests/*")):
        ours = program.name.startswith(("unit_", "test_"))
        if ours and program.is_file() and fnmatch.fnmatch(program.name, only):
            guest.add_stripped(program)
            lines.append((program.name, SECONDS, program))
    if not lines:
        raise RuntimeError(f"{tree}/tests has no program like {only}; build it")
    guest.add_bytes("/matrix.list", "".join(
        "\t".join(map(str, line)) + "\n" for line in lines).encode())
    target = work / f"root-{arch}.cpio"
    guest.write(target)
    say(f"{arch}: {len(lines)} programs in an image of "
        f"{target.stat().st_size >> 20} MiB")
    return target, [line[0] for line in lines]
