# SPDX-License-Identifier: Apache-2.0
"""Boots a kernel under emulation and follows what its init reports."""
import re
import selectors
import subprocess
import time

QEMU = {
    # cmpxchg16b crashes guests of QEMU 7.2 now and then; most machines have
    # 47 bits of user addresses, not 56.
    "amd64": ["qemu-system-x86_64", "-machine", "microvm,acpi=off",
              "-cpu", "max,-cx16,-la57",
              "-device", "isa-debug-exit,iobase=0xf4,iosize=4"],
    # The architected pointer authentication is slow to emulate.
    "arm64": ["qemu-system-aarch64", "-machine", "virt",
              "-cpu", "max,pauth-impdef=on"],
}
# One processor whose clock counts instructions, one nanosecond each: times
# become instruction counts, the same whatever else the host does.
# Source: QEMU, docs/devel/tcg-icount.rst.
COUNTING = ("-smp", "1", "-icount", "shift=0,sleep=off")

CONSOLE = {"amd64": "ttyS0 reboot=t", "arm64": "ttyAMA0"}

BOOT_SECONDS = 240  # from switching on to process 1
SILENT_SECONDS = 700  # longer than any program may take


class BootFailure(Exception):
    """Process 1 never spoke: the emulator's fault, so worth another try."""


def run(arch, kernel, image, log, tell=lambda event, name, detail: None,
        environment=(), machine=("-smp", "2")):
    """One boot. Returns (kernel release, [(name, how it ended, its output)]).

    A machine that dies after process 1 spoke has a result: the program that ran
    ended with "lost", and those after it are missing.
    """
    command = QEMU[arch] + [
        "-accel", "tcg", "-nodefaults", "-no-user-config", "-display", "none",
        "-serial", "stdio", "-no-reboot", "-m", "1024", *machine,
        "-kernel", str(kernel), "-initrd", str(image), "-append",
        " ".join([f"console={CONSOLE[arch]} quiet panic=-1 rdinit=/init",
                  *environment])]  # what the kernel does not know, init gets
    release, results = None, []
    name, output = None, []
    with open(log, "w") as record:
        for line in follow(command, lambda: release):
            record.write(line + "\n")
            said = re.match(r"@memseal (\w+) ?(\S*) ?(.*)", line)
            if not said:
                output.append(line)
            elif said[1] == "boot":
                release = said[2]
                tell("boot", release, "")
            elif said[1] == "run":
                name, output = said[2], []
                tell("run", name, "")
            elif said[1] == "end":
                results.append((name, said[3], output))
                tell("end", name, said[3])
                name = None
            elif said[1] == "done":
                break
    if release is None:
        raise BootFailure(f"no word from process 1; see {log}")
    if name is not None:
        results.append((name, "lost", output))
        tell("end", name, "lost")
    return release, results


def follow(command, spoke):
    """The machine's lines, until it is off or silent for too long."""
    machine = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    ready = selectors.DefaultSelector()
    ready.register(machine.stdout, selectors.EVENT_READ)
    rest, heard = b"", time.monotonic()
    try:
        while True:
            patience = SILENT_SECONDS if spoke() else BOOT_SECONDS
            if not ready.select(max(0, heard + patience - time.monotonic())):
                yield "matrix: the machine fell silent"
                return
            some = machine.stdout.read1(65536)
            if not some:
                if rest:
                    yield text(rest)
                return
            heard = time.monotonic()
            *lines, rest = (rest + some).split(b"\n")
            for line in lines:
                yield text(line)
    finally:
        machine.kill()
        machine.wait()


def text(line):
    return line.rstrip(b"\r").decode("utf-8", "replace")
