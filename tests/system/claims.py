# SPDX-License-Identifier: Apache-2.0
"""The table of docs/semantics.md, section 4: what each engine answers to each
vector, and who tries it.

As a program: claims.py ENGINE PROBE.json TRIED.txt. Compares, for one engine,
the table, what `memseal probe --json` found, and what the program
tries_every_vector found. ENGINE `unsealed`: nothing may be refused."""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENGINES = ("filter", "keeper", "native")
REFUSAL = re.compile(r"(E[A-Z]+\b|returns|the page stays)")


class Row:
    def __init__(self, cells, rule):
        self.rule, self.vector = rule, cells[1]
        self.claims = dict(zip(ENGINES, cells[3:6]))
        for engine in ENGINES:
            if self.claims[engine] == "same":
                before = ENGINES[ENGINES.index(engine) - 1]
                self.claims[engine] = self.claims[before]
        tried = re.findall(r"`([\w.-]+)`", cells[6])
        self.vectors = [name for name in tried if not name.endswith("_test")]
        self.tests = [name for name in tried if name.endswith("_test")]
        self.by_reading = cells[6] == "by reading"

    def refuses(self, engine):
        return bool(REFUSAL.match(self.claims[engine]))


def rows():
    text = (ROOT / "docs/semantics.md").read_text()
    found, rule = [], ""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) != 7 or cells[0] in ("rule", "---"):
            continue
        rule = cells[0] or rule
        found.append(Row(cells, rule))
    return found


def word(result):
    """A verdict of probe in the words of tries_every_vector."""
    if result["detail"].startswith("EPERM"):
        return "open" if result["verdict"] == "open" else "refused"
    return {"open": "open", "no effect": "idle"}.get(
        result["verdict"], result["detail"])


def read_tried(path):
    """{segment: begin}, {(segment, vector): what was found}."""
    begins, found = {}, {}
    for line in pathlib.Path(path).read_text().splitlines():
        words = line.split()
        if len(words) == 3 and words[1].isalnum() and len(words[2]) > 8:
            begins[words[0]] = int(words[1], 16)
        elif len(words) >= 3:
            found[words[0], words[1]] = " ".join(words[2:])
    return begins, found


def judge_agreement(probe, begins, tried):
    """That probe and the program saw the same of libm."""
    import errno
    bad, compared = [], 0
    segments = {int(s["begin"], 16): s for s in probe["segments"]}
    for (name, vector), seen in tried.items():
        segment = segments.get(begins[name])
        if segment is None or segment["segment"] != name:
            bad.append(f"probe shows no {name} of libm")
            continue
        told = word(segment["results"][vector])
        if seen.startswith("errno "):
            seen = errno.errorcode[int(seen[6:])]
        # A mapping of 2 MiB takes more away than is looked at.
        if seen.startswith("died"):
            seen = "open"
        compared += 1
        if seen != told:
            bad.append(f"{name} {vector}: probe says {told}, the program {seen}")
    return bad, compared


def judge_claims(engines, probe):
    """That nothing is open that one of the engines is said to refuse, and that
    something is, where none is said to."""
    bad = []
    sealed = [s for s in probe["segments"] if s["sealed"]]
    for row in rows():
        found = sorted({(v, s["results"][v]["verdict"], s["segment"])
                        for s in sealed for v in row.vectors})
        if not row.vectors:
            continue
        where = f"{row.rule} ({row.vector[:40]}), {' and '.join(engines)}"
        if not found:
            bad.append(f"{where}: nothing was sealed to try it on")
        elif any(row.refuses(engine) for engine in engines):
            bad += [f"{where}: refused, says the table; {vector} on {segment} "
                    f"is {verdict}" for vector, verdict, segment in found
                    if verdict in ("open", "unknown")]
        elif {verdict for _, verdict, _ in found} == {"held"}:
            bad.append(f"{where}: not refused, says the table; probe: held")
    return bad


def main():
    engine, probe, tried = sys.argv[1:]
    probe = json.loads(pathlib.Path(probe).read_text())
    begins, tried = read_tried(tried)
    bad, compared = judge_agreement(probe, begins, tried)
    if compared < 150:
        bad.append(f"only {compared} trials were compared")
    if engine == "unsealed":
        bad += [f"{name} {vector} is refused though nothing is sealed"
                for (name, vector), seen in tried.items()
                if seen == "refused" and vector != "move-break"]
    else:
        both = any(s["engine"] == "strict" for s in probe["segments"])
        bad += judge_claims(("keeper", "native") if both else
                            ("keeper",) if engine == "strict" else (engine,),
                            probe)
    print("\n".join(bad) or f"{engine}: {compared} trials agree")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
