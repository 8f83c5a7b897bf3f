import subprocess
import sys

from django.test import SimpleTestCase, tag

from .fast_coverage import NEEDS_A_PROCESS, shortcomings
from .rooms import ROOT

TIMEOUT_SECONDS = 300
SAMPLES = "notifyproject.tests.fast_samples"


@tag("slow")
class FastGuardTests(SimpleTestCase):
    def run_samples(self, *options):
        return subprocess.run(
            [sys.executable, "manage.py", "test", SAMPLES, *options],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )

    def test_a_fast_test_that_starts_a_process_or_opens_a_port_fails(self):
        done = self.run_samples("--exclude-tag", "slow")
        self.assertEqual(done.returncode, 1, done.stderr)
        for what in ("starts a process", "opens a port"):
            self.assertIn(f"A fast test {what}; tag it `slow`.", done.stderr)
        self.assertIn("FAILED (failures=3)", done.stderr)

    def test_among_all_tests_a_process_and_a_port_are_no_failure(self):
        done = self.run_samples()
        self.assertEqual(done.returncode, 0, done.stderr)


def module(*bodies):
    """One module of a report of coverage, by the lines that ran of each of its functions."""
    functions = {
        f"function {number}": {"executed_lines": lines, "summary": {"num_statements": 1}}
        for number, lines in enumerate(bodies)
    }
    return {"functions": {"": {"executed_lines": [1]}, **functions}}


class FastCoverageTests(SimpleTestCase):
    def named(self, **modules):
        files = {name.replace("__", "/") + ".py": module for name, module in modules.items()}
        return list(shortcomings({"files": files}))

    def test_a_module_of_which_no_fast_test_calls_a_function_is_named(self):
        found = self.named(notifications__a=module([], []), perftests__b=module([], [2]))
        self.assertEqual(found, ["notifications/a.py"])

    def test_a_module_without_functions_and_a_test_need_no_fast_test(self):
        self.assertEqual(self.named(notifications__a=module(), perftests__tests__b=module([])), [])

    def test_a_module_is_named_that_is_said_to_need_a_process_and_needs_none(self):
        name = min(NEEDS_A_PROCESS)
        self.assertEqual(list(shortcomings({"files": {name: module([])}})), [])
        self.assertEqual(list(shortcomings({"files": {name: module([2])}})), [name])

    def test_each_module_that_is_said_to_need_a_process_exists(self):
        self.assertEqual([name for name in NEEDS_A_PROCESS if not (ROOT / name).is_file()], [])
