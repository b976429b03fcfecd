#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests on real kernels. matrix/README.md says how and why."""
import argparse
import concurrent.futures
import os
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


def fetch(name):
    """(version, path) of a kernel; it fails before anything is built or run."""
    arch, kernel = name.split("/")
    try:
        return packages.kernel(RELEASES[kernel], arch)
    except (RuntimeError, OSError) as error:
        raise RuntimeError(f"the kernel {name} cannot be had: {error}") from error


def run_kernel(name, fetched, image, work, options):
    """One column of the table."""
    arch, kernel = name.split("/")
    version, vmlinuz = fetched
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
                                      options.env)
            break
        except boot.BootFailure as failure:
            say(f"{name}: boot {attempt} of {TRIES} failed: {failure}")
    else:
        return {"release": version, "programs": {
            "boot": {"": {"result": "failed",
                          "why": f"{TRIES} boots without a sign of life"}}}}
    return {"release": release, "programs": {
        program: results.of_program(
            how, [line.replace(f"{SOURCE}/", "") for line in output])
        for program, how, output in ended}}


def measure_costs(name, vmlinuz, image, work):
    """What filters cost there, in instructions."""
    arch, kernel = name.split("/")
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


def with_missing_programs(column, wanted):
    """A program that was in the image and gave no result failed."""
    for program in wanted:
        column["programs"].setdefault(program, {"": {
            "result": "failed", "why": "it never ran: the machine was lost"}})
    return column


def main():
    parser = argparse.ArgumentParser(
        prog="./dev matrix", description="Runs the tests on real kernels.")
    parser.add_argument("kernels", nargs="*", metavar="KERNEL",
                        help="5.10, 6.1, 6.12, newest, or arm64/ and one of "
                        "these; default: 5.10 6.1 6.12")
    parser.add_argument("--all", action="store_true", help="every kernel")
    parser.add_argument("--publish", action="store_true",
                        help="keep the result in docs/kernel-matrix.md and .json, "
                        "and in the README")
    parser.add_argument("--only", metavar="GLOB", default="*",
                        help="only the programs that match, e.g. unit_*")
    parser.add_argument("--env", metavar="NAME=VALUE", action="append",
                        default=[], help="set for the programs in the guest, "
                        "e.g. GTEST_FILTER=Mmap.*")
    parser.add_argument("--costs", action="store_true",
                        help="count what the filter costs, too")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(),
                        metavar="N", help="kernels that run at a time; default: "
                        "the number of processors")
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
    kernels = {name: fetch(name) for name in chosen}
    images = {arch: guest.build(SOURCE, arch, work, options.only, say)
              for arch in dict.fromkeys(name.split("/")[0] for name in chosen)}

    def column(name):
        (tests, programs), costs = images[name.split("/")[0]]
        done = run_kernel(name, kernels[name], tests, work, options)
        if options.publish or options.costs:
            done["costs"] = measure_costs(name, kernels[name][1], costs, work)
        return with_missing_programs(done, programs)

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        columns = dict(zip(chosen, pool.map(column, chosen)))
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
        keep(columns)
    return 1 if bad else 0


def keep(columns):
    """Puts the columns into the kept table, and writes what is made from it."""
    path, readme = SOURCE / "docs/kernel-matrix.json", SOURCE / "README.md"
    kept = {**results.load(path), **columns}
    results.save(path, {name: kept[name] for name in EVERY if name in kept})
    kept = results.load(path)
    (SOURCE / "docs/kernel-matrix.md").write_text(page.page(kept))
    readme.write_text(page.readme(readme.read_text(), kept))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"matrix: {error}")
