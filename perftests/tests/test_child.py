import os
import subprocess
import sys
import tempfile

from django.conf import settings
from django.test import SimpleTestCase

from perftests.events import Finished, Started, TestEnded, decode
from perftests.measure.targets import Verdict

TIMEOUT_SECONDS = 60
PASSING = "perftests.tests.samples.Passing.test_it_measures"


def run_child(*labels, database_url="", directory):
    url = database_url or f"sqlite:///{directory}/db.sqlite3"
    return subprocess.run(
        [sys.executable, "-m", "perftests.child", *labels],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": url, "TMPDIR": directory, "PERF_SCALE": "extended"},
        capture_output=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


class ChildTests(SimpleTestCase):
    def setUp(self):
        self.directory = self.enterContext(tempfile.TemporaryDirectory())

    def test_its_standard_output_is_a_stream_of_events_alone(self):
        ended = run_child(PASSING, directory=self.directory)
        events = [decode(line) for line in ended.stdout.splitlines()]
        self.assertNotIn(None, events)
        self.assertEqual(events[0], Started(1))
        self.assertEqual(events[-1], Finished(interrupted=False))
        (result,) = [event.result for event in events if isinstance(event, TestEnded)]
        self.assertEqual((result.test, result.verdict), (PASSING, Verdict.PASS))
        self.assertEqual(result.metrics[0].value, 7, "the workload of the extended scale")
        self.assertEqual(ended.returncode, 0)
        self.assertIn(b"a stray print", ended.stderr)
        self.assertEqual(os.listdir(self.directory), [])

    def test_a_database_that_does_not_answer_is_one_sentence(self):
        url = "postgres://nobody@127.0.0.1:1/nothing"
        ended = run_child(PASSING, database_url=url, directory=self.directory)
        self.assertEqual((ended.returncode, ended.stdout), (1, b""))
        self.assertNotIn(b"Traceback", ended.stderr)
        self.assertIn(b"refused", ended.stderr)
