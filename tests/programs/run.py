#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the jobs of tests/programs/jobs: each as it is and with each engine.

One program at a time; what was found lies in build/programs/results, one file
a program and engine, and is not found again but by --again. Exit status: 0 all
behave as unsealed or the reason is known; 1 not so.
"""
import argparse
import collections
import datetime
import json
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/programs"))
import page  # noqa: E402

JOBS = ROOT / "tests/programs/jobs"
RUNNER = ROOT / "tests/programs/job-runner"
ENGINES = ("native", "filter", "keeper", "strict")
FREE_GIB = 30  # what has to stay free when packages are installed


def run_group(command, env, seconds):
    """(exit status, what it said on standard output and error). Whatever it
    has started ends with it."""
    with subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, errors="replace",
                          start_new_session=True) as process:
        try:
            out, err = process.communicate(timeout=seconds)
            status = process.returncode
        except subprocess.TimeoutExpired:
            status, out, err = "timeout", "", f"not done after {seconds} s"
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        if status == "timeout":
            out, err = process.communicate()
    return status, out, err


NOT_FOR_SEALING = ("writable_by_design", "unmapped_gap")


def images(reports):
    """What reports tell: how many images wrote into them, how many bytes they
    could seal and did, and why they did not."""
    seen, whole, sealed, why = set(), 0, 0, collections.Counter()
    for line in [line for report in reports
                 for line in report.read_text(errors="replace").splitlines()]:
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            why["a line of the report is no JSON"] += 1
            continue
        if record.get("type") != "seal":
            continue
        if "segment" not in record:
            why[f"{record.get('object', '?')}: {record.get('sentence')}"] += 1
            continue
        if record["object"] == "[vdso]":  # each image has its own
            seen.add((record["pid"], record["begin"]))
        if record.get("reason") in NOT_FOR_SEALING or "begin" not in record:
            continue
        size = int(record["end"], 16) - int(record["begin"], 16)
        whole += size
        if record["sealed"]:
            sealed += size
        else:
            name = record["object"].rsplit("/", 1)[-1]
            why[f"{name} {record['segment']}: {record['sentence']}"] += 1
    return len(seen), whole, sealed, [text for text, _ in why.most_common(3)]


class Runner:
    def __init__(self, build, memseal, again):
        self.build, self.again = build, again
        self.results = build / "programs/results"
        self.results.mkdir(parents=True, exist_ok=True)
        self.npm = build / "programs/npm/node_modules"
        self.env = dict(os.environ, MEMSEAL=str(memseal),
                        NPM=str(self.npm))

    def describe(self, job):
        """Kind, packages and version of the program."""
        folder = self.folder(job, "packages")
        _, out, err = run_group([RUNNER, job, "packages", folder], self.env, 60)
        lines = (out.splitlines() + [""] * 4)[:4]
        said = lines[3] or (err.strip().splitlines() or [""])[-1]
        return lines[0], lines[1].split(), lines[2].split(), said.strip()

    def folder(self, job, engine):
        folder = self.build / "programs/work" / job.stem / engine
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def install(self, packages, npm):
        missing = [p for p in packages if subprocess.run(
            ["dpkg-query", "-W", "-f=${Status}", p], capture_output=True,
            text=True).stdout != "install ok installed"]
        if missing:
            if shutil.disk_usage("/").free < FREE_GIB << 30:
                return f"less than {FREE_GIB} GiB are free"
            done = subprocess.run(
                ["bash", "-c", '. tools/lib/packages.sh; install_missing "$@"',
                 "install", *missing], cwd=ROOT, capture_output=True, text=True)
            if done.returncode:
                return "not installable: " + " ".join(missing)
        lacking = [p for p in npm
                   if not (self.npm / p.split("@")[0]).exists()]
        if lacking:
            self.npm.mkdir(parents=True, exist_ok=True)
            done = subprocess.run(
                ["npm", "install", "--no-fund", "--no-audit", "--prefix",
                 str(self.npm.parent), *lacking], capture_output=True, text=True)
            if done.returncode:
                return "not installable: " + " ".join(lacking)
        return ""

    def once(self, job, engine):
        """What one run of a job gave."""
        folder = self.folder(job, engine)
        started = time.monotonic()
        status, out, err = run_group([RUNNER, job, engine, folder], self.env, 180)
        found = {"status": status, "out": out.replace(str(folder), "WORK"),
                 "err": err[-2000:], "seconds": round(time.monotonic() - started, 1)}
        if engine == "traced":
            found["images"] = sum(
                execs.read_text(errors="replace").count("execve(")
                for execs in folder.glob("*.execs"))
        elif engine != "plain":
            count, whole, sealed, why = images(folder.glob("*.report.json"))
            found |= {"images": count, "bytes": whole, "sealed": sealed, "why": why}
        return found

    def job(self, job, engines):
        target = self.results / f"{job.stem}.json"
        known = json.loads(target.read_text()) if target.exists() else {}
        wanted = [e for e in ("plain", "traced", *engines)
                  if self.again or e not in known]
        if wanted or "version" not in known:
            kind, packages, npm, _ = self.describe(job)
            missing = self.install(packages, npm)
            known |= {"kind": kind, "missing": missing,
                      "version": "" if missing else self.describe(job)[3],
                      "date": datetime.date.today().isoformat()}
            for engine in () if missing else wanted:
                known[engine] = self.once(job, engine)
                target.write_text(json.dumps(known, indent=1))
        target.write_text(json.dumps(known, indent=1))
        return known


def main():
    parser = argparse.ArgumentParser(prog="./dev programs", description=__doc__)
    parser.add_argument("--only", action="append", metavar="NAME")
    parser.add_argument("--engine", action="append",
                        choices=("none", *ENGINES))
    parser.add_argument("--memseal", type=pathlib.Path,
                        default=ROOT / "build/memseal")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--publish", action="store_true",
                        help="write docs/compatibility.md")
    wish = parser.parse_args()
    runner = Runner(ROOT / "build", wish.memseal, wish.again)
    jobs = sorted(JOBS.glob("*.job"))
    if wish.only:
        jobs = [job for job in jobs if job.stem in wish.only]
    table, bad = {}, 0
    for job in jobs:
        table[job.stem] = known = runner.job(
            job, [e for e in wish.engine or ENGINES if e != "none"])
        cells = page.cells(job.stem, known)
        bad += any(cell.startswith("?") for cell in cells.values())
        print(job.stem, known["missing"] or cells, flush=True)
    if wish.publish:
        (ROOT / "docs/compatibility.md").write_text(page.text(
            table, platform.release()))
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
