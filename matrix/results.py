# SPDX-License-Identifier: Apache-2.0
"""From what programs wrote to results."""
import json
import re

# A failed test with a parameter is followed by ", where GetParam() = ...".
VERDICT = re.compile(r"^\[\s+(OK|FAILED|SKIPPED)\s+\] ([^\s,]+)")


def of_program(ended, output):
    """{test: {"result": ok|failed|skipped, "why": …}} of one program.

    GoogleTest says `[ RUN ]` before and a verdict after; a test without a
    verdict is the one the program died in. Other programs are one test, named
    "", by the convention of ctest: 0 passed, 77 skipped.
    """
    tests, running, said = {}, None, []
    for line in output:
        begun = re.match(r"^\[ RUN      \] (\S+)", line)
        # What the test wrote without a newline stands before the verdict.
        verdict = VERDICT.match(line[max(line.find("[  "), 0):])
        if begun:
            if running:
                tests[running] = judged("failed", said + ["it has no verdict"])
            running, said = begun[1], []
        elif verdict and running == verdict[2]:
            tests[running] = judged(verdict[1].lower(), said)
            running = None
        else:
            said.append(line)
    if running:
        tests[running] = judged("failed", said + [f"the program ended: {ended}"])
    if not tests:
        result = {"exit 0": "ok", "exit 77": "skipped"}.get(ended, "failed")
        tests[""] = judged(result, [l for l in output if l.strip()][-8:])
        if result == "failed":
            tests[""]["why"] += f" ({ended})"
    elif ended != "exit 0" and not any(
            t["result"] == "failed" for t in tests.values()):
        tests[""] = judged("failed", [f"the program ended: {ended}"])
    return tests


def judged(result, said):
    if result == "ok":
        return {"result": "ok"}
    said = [l for l in said if l.strip()]
    if result == "skipped":
        said = [re.sub(r"^skip(ped)?: ", "", l, flags=re.I) for l in said
                if not re.match(r"^\S+:\d+: Skipped$", l)]
    return {"result": result, "why": "\n".join(said)}


def failures(columns):
    """[(kernel, program, test, why)] over all."""
    return [(kernel, program, test, got["why"])
            for kernel, column in columns.items()
            for program, tests in column["programs"].items()
            for test, got in tests.items() if got["result"] == "failed"]


def counts(column):
    total = {"ok": 0, "failed": 0, "skipped": 0}
    for tests in column["programs"].values():
        for got in tests.values():
            total[got["result"]] += 1
    return total


def save(path, columns):
    """A line for each kernel and each test, for those who read the changes:

    {"kernels": {NAME: {"release": …, "costs": […]}},
     "programs": {PROGRAM: {TEST: {VERDICT: "NAME NAME…"}}}}

    where VERDICT is "ok", "failed: WHY" or "skipped: WHY".
    """
    heads = {name: {key: value for key, value in column.items()
                    if key != "programs"} for name, column in columns.items()}
    programs = {}
    for name, column in columns.items():
        for program, tests in column["programs"].items():
            for test, got in tests.items():
                verdict = ": ".join([got["result"], got.get("why", "")])
                programs.setdefault(program, {}).setdefault(test, {}).setdefault(
                    verdict.removesuffix(": "), []).append(name)
    blocks = [block("kernels", heads, 1), " \"programs\": {\n" + ",\n".join(
        block(program, {test: {verdict: " ".join(names)
                               for verdict, names in sorted(verdicts.items())}
                        for test, verdicts in sorted(tests.items())}, 2)
        for program, tests in sorted(programs.items())) + "\n }"]
    path.write_text("{\n" + ",\n".join(blocks) + "\n}\n")


def block(name, lines, depth):
    indent = " " * depth
    return f"{indent}{json.dumps(name)}: {{\n" + ",\n".join(
        f"{indent} {json.dumps(key)}: "
        f"{json.dumps(value, ensure_ascii=False, sort_keys=True)}"
        for key, value in lines.items()) + f"\n{indent}}}"


def load(path):
    """What `save` saved."""
    if not path.exists():
        return {}
    saved = json.loads(path.read_text())
    columns = {name: {**head, "programs": {}}
               for name, head in saved["kernels"].items()}
    for program, tests in saved["programs"].items():
        for test, verdicts in tests.items():
            for verdict, names in verdicts.items():
                result, _, why = verdict.partition(": ")
                got = {"result": result, "why": why}
                for name in names.split():
                    columns[name]["programs"].setdefault(program, {})[test] = (
                        got if result != "ok" else {"result": "ok"})
    return columns


def of_costs(ended, output):
    """[{"ranges": …, "ratios": {call: …}}] from bench/filter_instructions: the
    lines of memseal, each a ratio over the line of no seal."""
    if ended != "exit 0":
        raise RuntimeError(f"filter_instructions: {ended}: " + " ".join(output[-3:]))
    lines = [line.split() for line in output if line.strip()]
    calls = next(l for l in lines if l[0] == "peer")[-4:]
    return [{"ranges": int(l[1]), "instructions": int(l[3]),
             "ratios": {call: float(ratio.rstrip("x"))
                        for call, ratio in zip(calls, l[-4:])}}
            for l in lines if l[0] == "memseal"]
