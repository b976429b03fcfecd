#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests on real kernels. matrix/README.md says how and why."""
import argparse
import pathlib
import subprocess
import sys
import time

sys.dont_write_bytecode = True

import boot
import guest
import packages
import page
import results

SOURCE = pathlib.Path(__file__).resolve().parent.parent
# Kernel by Debian release; "newest" is whatever unstable has today.
RELEASES = {"5.10": "bullseye", "6.1": "bookworm", "6.12": "trixie",
            "newest": "sid"}
EVERY = [f"{arch}/{kernel}" for arch in ("amd64", "arm64")
         for kernel in RELEASES]
USUAL = ["amd64/5.10", "amd64/6.1", "amd64/6.12"]
TRIES = 3


def say(text, **more):
    print(text, flush=True, **more)


def run_kernel(name, image, work, environment):
    """One column of the table."""
    arch, kernel = name.split("/")
    version, vmlinuz = packages.kernel(RELEASES[kernel], arch)
    log = work / f"{arch}-{kernel}.log"
    begun = time.monotonic()

    def tell(event, what, detail):
        seconds = time.monotonic() - begun
        if event == "boot":
            say(f"{name}: {what} is up after {seconds:.1f} s")
        elif event == "end":
            say(f"{name}: {what}: {detail} ({seconds:.1f} s)")

    for attempt in range(1, TRIES + 1):
        try:
            release, ended = boot.run(arch, vmlinuz, image, log, tell,
                                      environment)
            break
        except boot.BootFailure as failure:
            say(f"{name}: boot {attempt} of {TRIES} failed: {failure}")
    else:
        return {"release": version, "programs": {
            "boot": {"": {"result": "failed",
                          "why": f"{TRIES} boots without a sign of life"}}}}
    return {"release": release, "programs": {
        program: results.of_program(how, output)
        for program, how, output in ended}}


def measure_costs(name, image, work):
    """What filters cost there, in instructions."""
    arch, kernel = name.split("/")
    _, vmlinuz = packages.kernel(RELEASES[kernel], arch)
    log = work / f"{arch}-{kernel}-costs.log"
    for attempt in range(1, TRIES + 1):
        try:
            _, ended = boot.run(arch, vmlinuz, image, log,
                                machine=boot.COUNTING)
        except boot.BootFailure as failure:
            say(f"{name}: boot {attempt} of {TRIES} failed: {failure}")
            continue
        say(f"{name}: the filter's costs are counted")
        return results.of_costs(ended[0][1], ended[0][2])
    raise RuntimeError(f"{name}: {TRIES} boots without a sign of life")


def missing_programs(columns, wanted):
    """A program that was in the image and gave no result failed."""
    for name, column in columns.items():
        for program in wanted[name]:
            column["programs"].setdefault(program, {"": {
                "result": "failed", "why": "it never ran: the machine was lost"}})


def main():
    parser = argparse.ArgumentParser(
        prog="./dev matrix", description="Runs the tests on real kernels.")
    parser.add_argument("kernels", nargs="*", metavar="KERNEL",
                        help="5.10, 6.1, 6.12, newest, or arm64/ and one of "
                        "these; default: 5.10 6.1 6.12")
    parser.add_argument("--all", action="store_true", help="every kernel")
    parser.add_argument("--publish", action="store_true",
                        help="keep the result in docs/kernel-matrix.md and .json")
    parser.add_argument("--only", metavar="GLOB", default="*",
                        help="only the programs that match, e.g. unit_*")
    parser.add_argument("--env", metavar="NAME=VALUE", action="append",
                        default=[], help="set for the programs in the guest, "
                        "e.g. GTEST_FILTER=Mmap.*")
    parser.add_argument("--costs", action="store_true",
                        help="count what the filter costs, too")
    options = parser.parse_args()
    if options.publish and (options.env or options.only != "*"):
        parser.error("--publish wants whole runs: no --env, no --only")
    chosen = [k if "/" in k else f"amd64/{k}" for k in options.kernels]
    chosen = EVERY if options.all else chosen or USUAL
    for name in chosen:
        if name not in EVERY:
            parser.error(f"no kernel is called {name}; there are: "
                         + " ".join(EVERY))

    work = SOURCE / "build/matrix"
    work.mkdir(parents=True, exist_ok=True)
    images, counting, wanted = {}, {}, {}
    for arch in dict.fromkeys(name.split("/")[0] for name in chosen):
        images[arch], counting[arch] = guest.build(
            SOURCE, arch, work, options.only, say)
    columns = {}
    for name in chosen:
        image, programs = images[name.split("/")[0]]
        wanted[name] = programs
        columns[name] = run_kernel(name, image, work, options.env)
        if options.publish or options.costs:
            columns[name]["costs"] = measure_costs(
                name, counting[name.split("/")[0]], work)
    missing_programs(columns, wanted)
    return report(columns, work, options.publish)


def report(columns, work, publish):
    results.save(work / "results.json", columns)
    (work / "table.md").write_text(page.page(columns))
    for name, column in columns.items():
        n = results.counts(column)
        say(f"{name}: {n['ok']} passed, {n['skipped']} skipped, "
            f"{n['failed']} failed on {column['release']}")
    bad = results.failures(columns)
    for kernel, program, test, why in bad:
        say(f"\nFAILED on {kernel}: {program} {test}\n{why}")
    if publish:
        kept = results.load(SOURCE / "docs/kernel-matrix.json")
        kept.update(columns)
        kept = {name: kept[name] for name in EVERY if name in kept}
        results.save(SOURCE / "docs/kernel-matrix.json", kept)
        (SOURCE / "docs/kernel-matrix.md").write_text(page.page(kept))
    return 1 if bad else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"matrix: {error}")
