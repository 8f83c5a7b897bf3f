"""Tiny performance tests for the tests of the runner; the name hides them from discovery."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest import skip

from django.test import SimpleTestCase, tag

from perftests.measure.histogram import LatencyHistogram
from perftests.measure.results import Series
from perftests.testcases import PerformanceTestCase, row


class Passing(PerformanceTestCase):
    suite = "sample"

    @row("S1")
    def test_it_measures(self):
        """Everything a test can record

        The second paragraph is no title.
        """
        print("a stray print")  # noqa: T201 - it must not break the stream of events
        users = self.create_users(self.scaled(smoke=3, standard=5, extended=7))
        self.progress("created users", 1, 2)
        self.measure("users", len(users), "users", asked=">= 1", ours=">= 100")
        self.measure("doubtful", 5, "ms", ours="< 10", doubt="the generator was saturated")
        self.record_series(Series("server rss", "MB", (0.0, 1.0), (10.0, 11.0)))
        histogram = LatencyHistogram.from_nanoseconds([1_000_000] * 100)
        self.record_histogram("delivery latency", histogram)
        self.note(f"served by {self.server_name}")


class MissingATarget(PerformanceTestCase):
    suite = "sample-bad"

    @row("S2")
    def test_it_is_slow(self):
        """A number that is not what was asked for"""
        self.create_users(2)
        self.measure("rate", 80, "notifications/s", asked="> 100")
        self.measure("success", 100, "%", asked="> 95")


class Inconclusive(PerformanceTestCase):
    suite = "sample-doubt"

    def test_it_is_in_doubt(self):
        self.measure("rate", 80, "/s", asked="> 100", doubt="the generator was saturated")


class Failing(PerformanceTestCase):
    suite = "sample-bad"

    @row("S3")
    def test_it_asserts(self):
        self.measure("before", 1, "ms")
        self.assertEqual(1, 2, "one is not two")

    @row("S4")
    def test_it_crashes(self):
        self.create_users(2)
        raise RuntimeError("it crashed")

    @row("S5")
    def test_a_part_of_it_asserts(self):
        with self.subTest("part"):
            self.fail("a part failed")

    @row("S6")
    @skip("there is no service")
    def test_it_is_skipped(self):
        pass


class Undecided(PerformanceTestCase):
    suite = "sample-doubt"

    @row("S11")
    @skip("there is no service")
    def test_1_it_is_skipped(self):
        pass

    @row("S12")
    def test_2_it_is_in_doubt(self):
        self.measure("rate", 80, "/s", asked="> 100", doubt="the generator was saturated")

    @row("S13")
    def test_3_it_passes(self):
        self.measure("rate", 200, "/s", asked="> 100")


class BrokenSetUp(PerformanceTestCase):
    suite = "sample-broken"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        raise RuntimeError("no set-up")

    def test_it_never_starts(self):
        pass


class BrokenTearDown(PerformanceTestCase):
    suite = "sample-broken"

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        raise RuntimeError("no tear-down")

    def test_it_passes(self):
        pass


def mark(name):
    """Leave a file for the test that runs this sample in another process."""
    (Path(os.environ["SAMPLE_MARKS"]) / name).write_text(str(os.getpid()))


def wait_for_the_end():
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        time.sleep(0.01)


class Slow(PerformanceTestCase):
    """Waits to be interrupted: the third test must never start."""

    suite = "sample-slow"

    @row("S7")
    def test_1_it_passes(self):
        self.measure("rate", 200, "/s", asked="> 100")

    @row("S8")
    def test_2_it_waits(self):
        self.addCleanup(mark, "cleaned")
        self.create_users(2)
        mark("waiting")
        wait_for_the_end()

    @row("S9")
    def test_3_it_never_starts(self):
        mark("never")


class Dying(PerformanceTestCase):
    suite = "sample-dying"

    def test_1_it_passes(self):
        self.measure("rate", 200, "/s", asked="> 100")

    def test_2_it_dies(self):
        print("its last words", file=sys.stderr)  # noqa: T201 - what the parent has to show
        os.kill(os.getpid(), signal.SIGKILL)


class Stubborn(PerformanceTestCase):
    """Does not clean up when it is told to, and has a process of its own."""

    suite = "sample-stubborn"

    @row("S10")
    def test_it_does_not_stop(self):
        self.addCleanup(wait_for_the_end)
        process = subprocess.Popen(["sleep", "60"])
        (Path(os.environ["SAMPLE_MARKS"]) / "process").write_text(str(process.pid))
        mark("waiting")
        wait_for_the_end()


class Ordinary(SimpleTestCase):
    def test_it_passes(self):
        pass


class OrdinaryFailing(SimpleTestCase):
    def test_it_fails(self):
        self.fail("It fails on purpose.")


@tag("alone")
class OrdinaryAlone(SimpleTestCase):
    def test_it_passes(self):
        pass
