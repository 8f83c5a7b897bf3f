import os
import re
import subprocess
import sys

from django.conf import settings
from django.test import SimpleTestCase, tag

from notifications.hub.delivery.replay import Replay
from notifications.hub.sockets import Socket
from perftests.records.targets import Metric, Target
from perftests.runner.selection import select

from ..faults import notification, queues, websocket
from ..faults.catalog import FAULTS
from ..faults.running import missed

TIMEOUT_SECONDS = 300


@tag("slow")
class FaultPlantingTests(SimpleTestCase):
    def test_a_planted_fault_is_taken_back(self):
        before = vars(Replay)["_unsent"]
        with queues.pages_newest_first.planted():
            self.assertIsNot(vars(Replay)["_unsent"], before)
        self.assertIs(vars(Replay)["_unsent"], before)

    def test_a_method_that_was_inherited_is_inherited_again_after_a_fault(self):
        with websocket.silent_clients_are_called_back.planted():
            self.assertIn("close", vars(Socket))
        self.assertNotIn("close", vars(Socket))

    def test_a_process_that_starts_while_a_fault_is_planted_has_it_too(self):
        code = (
            "import django; django.setup()\n"
            "from notifications.store import stats; print(stats.Count)"
        )
        with notification.statistics_of_unread.planted():
            faulty = self.output_of(code)
        self.assertIn("statistics_of_unread", faulty)
        self.assertNotIn("statistics_of_unread", self.output_of(code))

    def output_of(self, code):
        return subprocess.run(
            [sys.executable, "-c", code],
            cwd=settings.BASE_DIR,
            env=os.environ,
            capture_output=True,
            check=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        ).stdout


class MissedMetricsTests(SimpleTestCase):
    GOAL = Metric("time", 60, "ms", goal=Target("<", 50))
    REQUIRED = Metric("lost", 1, "", required=Target("==", 0))
    MET = Metric("met", 1, "", required=Target("==", 1), goal=Target("<", 2))

    def test_a_fault_is_seen_only_where_something_required_is_missed(self):
        self.assertEqual(missed([self.GOAL, self.REQUIRED, self.MET]), {"lost"})


class FaultCatalogTests(SimpleTestCase):
    def test_every_fault_is_for_a_row_of_the_suites(self):
        rows = {test.row for test in select([], [])}
        self.assertEqual({fault.row for fault in FAULTS.values()} - rows, set())

    def test_every_row_of_the_suites_has_a_fault(self):
        rows = {test.row for test in select([], [])}
        self.assertEqual(rows - {fault.row for fault in FAULTS.values()}, set())

    def test_every_fault_is_said_in_one_sentence(self):
        for fault in FAULTS.values():
            with self.subTest(fault.name):
                self.assertRegex(fault.title, re.compile(r"\A[A-Z][^\n]+\.\Z"))

    def test_every_fault_is_tested(self):
        tests = settings.BASE_DIR.glob("perftests/tests/planted/test_*.py")
        caught = re.findall(r"assert_caught\(\s*\w+\.(\w+)", "".join(t.read_text() for t in tests))
        self.assertEqual(sorted(caught), sorted(FAULTS))

    def test_every_fault_is_in_the_documents(self):
        real = "| row | planted fault | what it misses |\n| --- | --- | --- |\n" + "\n".join(
            f"| {fault.row} | {fault.title} | {'; '.join(sorted(fault.misses))} |"
            for fault in FAULTS.values()
        )
        text = (settings.BASE_DIR / "docs" / "reference" / "planted-faults.md").read_text()
        documented = text[text.index("| row | planted fault |") :].split("\n\n")[0]
        self.assertEqual(documented, real, "Put the second into docs/reference/planted-faults.md.")
