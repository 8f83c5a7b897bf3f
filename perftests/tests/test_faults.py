import os
import re
import subprocess
import sys

from django.conf import settings
from django.test import SimpleTestCase

from notifications.hub.feeder import Feeder
from notifications.hub.socket import Socket
from perftests.measure.targets import Metric, Target
from perftests.selection import select

from .faults import notification, websocket
from .faults.catalog import FAULTS
from .faults.running import missed

TIMEOUT_SECONDS = 60


class PlantingTests(SimpleTestCase):
    def test_a_fault_is_taken_back(self):
        before = vars(Feeder)["_frames"]
        with notification.pages_newest_first.planted():
            self.assertIsNot(vars(Feeder)["_frames"], before)
        self.assertIs(vars(Feeder)["_frames"], before)

    def test_what_was_inherited_is_inherited_again(self):
        with websocket.silent_clients_are_called_back.planted():
            self.assertIn("close", vars(Socket))
        self.assertNotIn("close", vars(Socket))

    def test_a_process_that_is_started_meanwhile_has_it_too(self):
        code = "import django; django.setup(); from notifications import stats; print(stats.Count)"
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


class MissedTests(SimpleTestCase):
    COUNT = Metric("lost", 1, "", ours=Target("==", 0))
    TIME = Metric("time", 60, "ms", ours=Target("<", 50))
    ASKED = Metric("slow", 60, "ms", asked=Target("<", 50))
    MET = Metric("met", 1, "", asked=Target("==", 1), ours=Target("<", 2))

    def test_a_time_that_we_hope_for_counts_only_where_it_is_expected(self):
        metrics = [self.COUNT, self.TIME, self.ASKED, self.MET]
        self.assertEqual(missed(metrics), {"lost", "slow"})
        self.assertEqual(missed(metrics, {"time", "met"}), {"lost", "slow", "time"})


class CatalogTests(SimpleTestCase):
    def test_every_fault_is_for_a_row_that_there_is(self):
        rows = {test.row for test in select([], [])}
        self.assertEqual({fault.row for fault in FAULTS.values()} - rows, set())

    def test_every_row_has_a_fault(self):
        rows = {test.row for test in select([], [])}
        self.assertEqual(rows - {fault.row for fault in FAULTS.values()}, set())

    def test_every_fault_is_said_in_one_sentence(self):
        for fault in FAULTS.values():
            with self.subTest(fault.name):
                self.assertRegex(fault.title, re.compile(r"\A[A-Z][^\n]+\.\Z"))

    def test_every_fault_is_tested(self):
        tests = settings.BASE_DIR.glob("perftests/tests/test_faults_*.py")
        caught = re.findall(r"assert_caught\(\s*\w+\.(\w+)", "".join(t.read_text() for t in tests))
        self.assertEqual(sorted(caught), sorted(FAULTS))

    def test_every_fault_is_in_the_documents(self):
        real = "| row | planted fault | what it misses |\n| --- | --- | --- |\n" + "\n".join(
            f"| {fault.row} | {fault.title} | {'; '.join(sorted(fault.misses))} |"
            for fault in FAULTS.values()
        )
        text = (settings.BASE_DIR / "docs" / "measuring.md").read_text()
        documented = text[text.index("| row | planted fault |") :].split("\n\n")[0]
        self.assertEqual(documented, real, "Put the second into docs/measuring.md.")
