# SPDX-License-Identifier: Apache-2.0
"""What a guest of each architecture is made of, and what it runs."""
import fnmatch
import pathlib
import re
import subprocess

import image
import packages

COMPILER = {"amd64": "gcc", "arm64": "aarch64-linux-gnu-gcc"}
STRIP = {"amd64": "strip", "arm64": "aarch64-linux-gnu-strip"}
TRIPLET = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}

SECONDS = 600  # for one program: emulation is 10 to 30 times slower
# What scripts do less of here: one-keeper-seals-a-whole-tree.sh and
# redis-serves-under-load-sealed.sh.
LESS = ["GENERATIONS=25", "REQUESTS=2000"]

# arm64 runs what may differ there: the filters, the kernel, the library, and
# `memseal run`. (The tracer knows x86-64 only.) To cross-build the rest would
# take longer than to run it.
TARGETS = {"arm64": """product test_arena test_kernel test_seal no_malloc
    before_main without_libc test_sys unit_bpf unit_filter
    bench_filter_instructions""".split()}

# What any shell script may use in the guest, beside what it asks for.
USERLAND = """bash sh [ basename cat chmod chown cmp comm cp cut date dd diff
    dirname echo env expr false grep head id kill ln ls mkdir mkfifo mktemp mv od
    paste printf pwd readelf readlink realpath rm rmdir sed seq sleep sort stat
    stty sync tail tee test timeout touch tr true truncate uname uniq wc
    xargs""".split()

# The Debian whose headers and libraries arm64 is built with.
SYSROOT_RELEASE = "bookworm"
SYSROOT_PACKAGES = """libc6-dev libstdc++-12-dev libgtest-dev libgmock-dev
    librapidcheck-dev libfmt-dev nlohmann-json3-dev libtomlplusplus-dev
    libcli11-dev libdw-dev libelf-dev libbenchmark-dev libsodium-dev
    bash binutils coreutils dash diffutils findutils grep sed procps python3
    perl-base redis-server redis-tools""".split()


def compile(source, arch, say):
    """Builds what runs in the guest; returns (build tree, root of libraries).
    amd64 is the machine's own build, which ./dev matrix has made.
    """
    if arch == "amd64":
        return source / "build", pathlib.Path("/")
    say("arm64: cross-compiling")
    root = packages.Archive(SYSROOT_RELEASE, arch).unpack_with_dependencies(
        SYSROOT_PACKAGES, packages.cache_home() / f"sysroot-{arch}")
    tree = source / "build-aarch64"
    quietly(source, "cmake", "--preset", "aarch64",
            f"-DMEMSEAL_SYSROOT={root}")
    quietly(source, "cmake", "--build", tree, "--target", *TARGETS[arch])
    return tree, root


def quietly(at, *command):
    done = subprocess.run(command, cwd=at, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout[-4000:]}")


def build(source, arch, work, only, say):
    """((path of the tests' image, names of the programs it runs),
    path of the benchmark's image)."""
    tree, root = compile(source, arch, say)
    return (build_tests(source, arch, tree, root, work, only, say),
            build_costs(source, arch, tree, root, work))


def build_costs(source, arch, tree, root, work):
    guest = with_init(source, arch, root, work)
    bench = tree / "bench/filter_instructions"
    guest.add_stripped(bench)
    return finish(guest, [("filter_instructions", SECONDS, bench)],
                  work / f"root-{arch}-costs.cpio")


def with_init(source, arch, root, work):
    guest = image.Image(root, TRIPLET[arch], STRIP[arch])
    init = work / f"init-{arch}"
    subprocess.run([COMPILER[arch], "-O2", "-Wall", "-static", "-o", init,
                    source / "matrix/init.c"], check=True)
    guest.add_bytes("/init", init.read_bytes(), 0o755)
    return guest


def finish(guest, lines, target):
    guest.add_bytes("/matrix.list", "".join(
        "\t".join(map(str, line)) + "\n" for line in lines).encode())
    guest.write(target)
    return target


def build_tests(source, arch, tree, root, work, only, say):
    guest = with_init(source, arch, root, work)
    add_products(guest, tree)
    for data in (source / "tests").rglob("*.txt"):  # what tests compare with
        if data.name != "CMakeLists.txt":
            guest.add_file(str(data))
    lines = test_programs(guest, tree, TARGETS.get(arch))
    add_userland(guest, [])  # tests exec /bin/true
    lines += scripts(guest, source, tree)
    lines = [line for line in lines if fnmatch.fnmatch(line[0], only)]
    if not lines:
        raise RuntimeError(f"{tree}/tests has no program like {only}; build it")
    target = finish(guest, lines, work / f"root-{arch}.cpio")
    say(f"{arch}: {len(lines)} programs in an image of "
        f"{target.stat().st_size >> 20} MiB")
    return target, [line[0] for line in lines]


# Proofs say the same on every kernel, after minutes.
ASK_NO_KERNEL = {"test_prove"}


def test_programs(guest, tree, wanted):
    """All that was built for tests; those named like tests are run, if they
    are wanted."""
    lines = []
    for program in sorted((tree / "tests").rglob("*")):
        if not program.is_file() or not is_linked(program):
            continue
        if program.name in ASK_NO_KERNEL:
            continue
        guest.add_stripped(program)
        if program.parent == tree / "tests" and program.name.startswith(
                ("unit_", "test_")) and (not wanted or program.name in wanted):
            lines.append((program.name, SECONDS, program))
    return lines


def is_linked(path):
    """An ELF program or library, not an object file: e_type is 2 or 3."""
    with open(path, "rb") as file:
        head = file.read(18)
    return head[:4] == b"\x7fELF" and head[16] in (2, 3)


def scripts(guest, source, tree):
    """The system tests with a line `# matrix: PROGRAM...`, which names the
    Debian programs they need in the guest."""
    lines = []
    folder = source / "tests/system"
    guest.add_file(str(source / "docs/semantics.md"))
    for shared in [*folder.glob("*.inc"), *folder.rglob("*.py")]:
        guest.add_file(str(shared))
    for script in sorted(folder.glob("*.sh")):
        wanted = re.search(r"^# matrix:(.*)$", script.read_text(), re.M)
        if not wanted:
            continue
        add_userland(guest, wanted[1].split())
        guest.add_file(str(script))
        lines.append((f"system_{script.stem}", SECONDS, "env", f"BUILD={tree}",
                      f"SOURCE={source}", *LESS, "bash", script))
    return lines


def add_products(guest, tree):
    for product in sorted([*tree.glob("memseal*"), *tree.glob("*.so*"),
                           *tree.glob("examples/*")]):
        if product.is_file() and is_linked(product):
            guest.add_stripped(product)


def add_userland(guest, programs):
    for program in [*USERLAND, *programs]:
        guest.add_program(f"/usr/bin/{program}")
        if program == "python3":
            guest.add_tree("/usr/lib/python3.11", lambda path: not re.search(
                "/(test|idlelib|lib2to3|ensurepip|dist-packages|config-.*)/", path))
            for module in guest.host_path(
                    "/usr/lib/python3.11/lib-dynload").glob("*.so"):
                guest.add_program(f"/usr/lib/python3.11/lib-dynload/{module.name}")
