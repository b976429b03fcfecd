# SPDX-License-Identifier: Apache-2.0
"""docs/compatibility.md: programs × engines, from what tests/programs/run.py
has found. A cell that is not full says why; `?` is a reason nobody knows."""
import json
import pathlib

REASONS = json.loads((pathlib.Path(__file__).parent / "reasons.json").read_text())
ENGINES = ("native", "filter", "keeper", "strict")

HEAD = """# Compatibility

Real programs, each with a real job, as they are and with each engine: by
`./dev programs --publish` (tests/programs). Debian 12, Linux {release}, {date}.

A cell begins with whether standard output and exit status are those of the
program as it is: **✓** the same, **✗** not. Then how much of what can be sealed
(text, constants, RELRO, gaps) the report says is sealed, in all images of the
job together; then how many images (what one execve made) were sealed of those
that were executed. `filter` seals the first image only, by design
([exec.md](exec.md)). Servers were asked to reload and to stop, too.

| program | version | kind | native | filter | keeper | strict |
|---|---|---|---|---|---|---|
"""


def reason(name, engine, kind):
    """What is known of it, for the program, or else for programs of its kind."""
    for key in (f"{name}:{engine}", name, f"{kind}:{engine}", kind):
        if key in REASONS:
            return REASONS[key]
    return ""


def cell(name, engine, known):
    plain, got = known["plain"], known[engine]
    same = (plain["out"], plain["status"]) == (got["out"], got["status"])
    share = 100 * got["sealed"] / got["bytes"] if got["bytes"] else 0
    # A debugger in a debugger does not work: then it is not known.
    traced = known["traced"]
    expected = traced["images"] if traced["out"] == plain["out"] else 0
    words = [f"{'✓' if same else '✗'} {share:.4g} %, "
             f"{got['images']} of {max(expected, got['images'])}"]
    few = got["images"] < expected and engine != "filter"
    if not same or few or share < 100:
        why = reason(name, engine, known["kind"])
        if not why and same and not few:
            why = "; ".join(got["why"])
        words.append(why)
        if not why:
            words[0] = "? " + words[0]
    return ": ".join(filter(None, words))


def cells(name, known):
    return {engine: cell(name, engine, known) for engine in ENGINES
            if not known["missing"] and engine in known}


def text(table, release):
    date = max(known["date"] for known in table.values())
    rows = []
    for name, known in sorted(table.items(),
                              key=lambda item: (item[1]["kind"], item[0])):
        found = cells(name, known)
        version = known["missing"] or known["version"].replace("|", "/")[:48]
        rows.append("| " + " | ".join(
            [name, version, known["kind"],
             *(found.get(engine, "–").replace("|", "/") for engine in ENGINES)])
            + " |\n")
    return HEAD.format(release=release, date=date) + "".join(rows)
