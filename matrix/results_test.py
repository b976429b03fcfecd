#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A test that failed, died, hung or vanished must never look like a pass."""
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

import page
import results

PASSED = ["[ RUN      ] A.b", "[       OK ] A.b (0 ms)"]


def of(ended, *output):
    return results.of_program(ended, list(output))


class Verdicts(unittest.TestCase):
    def test_a_passed_test_is_ok(self):
        self.assertEqual(of("exit 0", *PASSED), {"A.b": {"result": "ok"}})

    def test_a_failed_test_keeps_what_it_said(self):
        got = of("exit 1", "[ RUN      ] A.b", "f.cc:3: Failure",
                 "[  FAILED  ] A.b (1 ms)", "[  FAILED  ] A.b")
        self.assertEqual(got, {"A.b": {"result": "failed",
                                       "why": "f.cc:3: Failure"}})

    def test_a_failed_test_with_a_parameter_failed(self):
        got = of("exit 1", "[ RUN      ] A.b/x", "[  FAILED  ] A.b/x, "
                 "where GetParam() = 1-byte object <01> (1 ms)")
        self.assertEqual(got["A.b/x"]["result"], "failed")

    def test_a_test_without_a_verdict_failed(self):
        got = of("exit 0", "[ RUN      ] A.a", *PASSED)
        self.assertEqual(got["A.a"]["result"], "failed")

    def test_a_skipped_test_names_its_reason_alone(self):
        got = of("exit 0", "[ RUN      ] A.b", "f.cc:3: Skipped",
                 "needs Linux 6.10", "[  SKIPPED ] A.b (0 ms)")
        self.assertEqual(got["A.b"], {"result": "skipped",
                                      "why": "needs Linux 6.10"})

    def test_a_verdict_behind_unfinished_output_counts(self):
        got = of("exit 0", "[ RUN      ] A.b", "dots...[       OK ] A.b (0 ms)")
        self.assertEqual(got["A.b"]["result"], "ok")

    def test_the_test_a_program_died_in_failed(self):
        for ended in ("signal 11", "timeout 300", "lost", "exit 0"):
            got = of(ended, *PASSED, "[ RUN      ] A.c")
            self.assertEqual(got["A.b"]["result"], "ok")
            self.assertEqual(got["A.c"]["result"], "failed", ended)

    def test_a_program_that_died_between_tests_failed(self):
        self.assertEqual(of("signal 6", *PASSED)[""]["result"], "failed")

    def test_other_programs_follow_ctests_convention(self):
        for ended, result in (("exit 0", "ok"), ("exit 77", "skipped"),
                              ("exit 1", "failed"), ("lost", "failed")):
            self.assertEqual(of(ended, "said")[""]["result"], result)

    def test_a_skipped_script_names_its_reason_alone(self):
        for said in ("skipped: no x", "skip: no x", "SKIP: no x"):
            self.assertEqual(of("exit 77", said)[""]["why"], "no x")

    def test_all_failures_of_all_kernels_are_counted(self):
        columns = {"k": {"release": "1", "programs": {
            "p": of("exit 1", "no"), "q": of("exit 0", *PASSED)}}}
        self.assertEqual(results.failures(columns),
                         [("k", "p", "", "no (exit 1)")])


class Kept(unittest.TestCase):
    COLUMNS = {
        "amd64/1": {"release": "1", "costs": [{"ranges": 0}], "programs": {
            "p": of("exit 0", *PASSED), "q": of("exit 77", "needs: Linux 9")}},
        "amd64/2": {"release": "2", "programs": {
            "p": of("exit 1", "[ RUN      ] A.b", "no", "[  FAILED  ] A.b"),
            "q": of("exit 0", "fine")}}}

    def test_what_is_saved_is_loaded(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "kept.json")
            self.assertEqual(results.load(path), {})
            results.save(path, self.COLUMNS)
            self.assertEqual(results.load(path), self.COLUMNS)

    def test_the_pages_are_those_of_what_is_kept(self):
        root = pathlib.Path(__file__).resolve().parent.parent
        kept = results.load(root / "docs/kernel-matrix.json")
        self.assertEqual((root / "docs/kernel-matrix.md").read_text(),
                         page.page(kept))
        readme = (root / "README.md").read_text()
        self.assertEqual(readme, page.readme(readme, kept))


class Table(unittest.TestCase):
    def test_a_skip_points_to_its_reason(self):
        skipped = of("exit 77", "needs Linux 9")
        text = page.page({"amd64/k": {"release": "1", "programs": {"t": skipped}}})
        self.assertIn("| –&nbsp;1 |", text)
        self.assertIn("1. needs Linux 9\n", text)

    def test_a_failure_shows_in_the_short_table(self):
        for verdict, mark in (("OK", "✓"), ("FAILED", "✗")):
            tests = of("exit 0", "[ RUN      ] Mprotect.a/filter",
                       f"[{verdict:>9} ] Mprotect.a/filter (1 ms)")
            text = page.support({"amd64/9": {
                "release": "9.1", "programs": {"test_kernel": tests}}})
            self.assertIn(f"| mprotect, pkey_mprotect | {mark} |", text)

    def test_costs_are_read_as_the_benchmark_prints_them(self):
        got = results.of_costs("exit 0", [
            "peer ranges programs insns install us mprotect a b getppid",
            "none 0 0 0 0 1.00x 1.00x 1.00x 1.00x",
            "memseal 100 2 1083 362 1.15x 1.13x 1.20x 1.30x"])
        self.assertEqual(got[0]["ranges"], 100)
        self.assertEqual(got[0]["ratios"]["getppid"], 1.3)


if __name__ == "__main__":
    unittest.main()
