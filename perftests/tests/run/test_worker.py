import os
import subprocess
import sys
import tempfile
from pathlib import Path

from django.conf import settings
from django.test import SimpleTestCase, tag

from perftests.records.events import (
    Figure,
    Finished,
    Started,
    TestEnded,
    TestStarted,
    decode,
)
from perftests.records.targets import Verdict

from ..waiting import wait_for_file

TIMEOUT_SECONDS = 300
PASSING = "perftests.tests.samples.Passing.test_it_measures"


def start_child(*labels, database_url="", directory):
    url = database_url or f"sqlite:///{directory}/db.sqlite3"
    return subprocess.Popen(
        [sys.executable, "-m", "perftests.run.worker", *labels],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "DATABASE_URL": url,
            "TMPDIR": directory,
            "PERF_SCALE": "extended",
            "SAMPLE_MARKS": directory,
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def wait_for_end(child):
    """Its output as events, and its errors."""
    child.wait(TIMEOUT_SECONDS)
    with child:
        return [decode(line) for line in child.stdout], child.stderr.read()


@tag("slow")
class WorkerTests(SimpleTestCase):
    def setUp(self):
        self.directory = self.enterContext(tempfile.TemporaryDirectory())

    def test_the_standard_output_of_the_worker_is_a_stream_of_events_alone(self):
        child = start_child(PASSING, directory=self.directory)
        events, errors = wait_for_end(child)
        self.assertNotIn(None, events)
        self.assertEqual(events[0], Started(1))
        self.assertEqual(events[-1], Finished(interrupted=False))
        (result,) = [event.result for event in events if isinstance(event, TestEnded)]
        self.assertEqual((result.test, result.verdict), (PASSING, Verdict.PASS))
        self.assertEqual(result.metrics[0].value, 7, "the workload of the extended scale")
        self.assertEqual(child.returncode, 0)
        self.assertIn(b"a stray print", errors)
        self.assertEqual(os.listdir(self.directory), [])

    def test_rows_with_load_tell_throughput_and_latency_each_second_and_others_nothing(self):
        labels = [f"perftests.tests.live_samples.{name}" for name in ("Loaded", "Visited")]
        events, errors = wait_for_end(start_child(*labels, directory=self.directory))
        self.assertEqual(events[-1], Finished(interrupted=False), errors)
        told = figures_by_row(events)
        self.assertEqual(set(told), {"S16", "S18"})
        for row, kind in (("S16", "messages"), ("S18", "answers")):
            rates, times = told[row][kind, "/s"], told[row][kind, "ms"]
            self.assertGreaterEqual(len(rates), 2, told)
            self.assertGreater(max(rates), 10)
            self.assertTrue(all(0 < ms < 10_000 for ms in times), times)
            self.assertGreaterEqual(len(times), 2)

    def test_the_worker_tells_without_a_traceback_that_the_database_refused_it(self):
        url = "postgres://nobody@127.0.0.1:1/nothing"
        child = start_child(PASSING, database_url=url, directory=self.directory)
        events, errors = wait_for_end(child)
        self.assertEqual((child.returncode, events), (1, []))
        self.assertNotIn(b"Traceback", errors)
        self.assertIn(b"refused", errors)

    def test_the_worker_cleans_up_and_ends_when_its_parent_is_gone(self):
        child = start_child("perftests.tests.samples.Slow", directory=self.directory)
        wait_for_file(Path(self.directory, "waiting"), TIMEOUT_SECONDS)
        child.stdin.close()
        events, _ = wait_for_end(child)
        self.assertEqual(events[-1], Finished(interrupted=True))
        self.assertEqual(set(os.listdir(self.directory)), {"waiting", "cleaned"})


def figures_by_row(events):
    """The values of each kind and unit, by the row that has told them."""
    told, row = {}, ""
    for event in events:
        if isinstance(event, TestStarted):
            row = event.row
        elif isinstance(event, Figure):
            told.setdefault(row, {}).setdefault((event.name, event.unit), []).append(event.value)
    return told
