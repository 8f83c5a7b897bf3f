"""Tiny performance tests for the tests of the runner; the name hides them from discovery."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from unittest import skip

from django.test import SimpleTestCase, tag

from perftests.measure.histogram import LatencyHistogram
from perftests.measure.series import Series
from perftests.suites.kit.contest import measure_ratio
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
        self.measure("users", len(users), "users", required=">= 1", goal=">= 100")
        self.measure("doubtful", 5, "ms", goal="< 10", doubt="the generator was saturated")
        self.record_series(Series("server rss", "MB", (0.0, 1.0), (10.0, 11.0)))
        histogram = LatencyHistogram.from_nanoseconds([1_000_000] * 100)
        self.record_histogram("delivery latency", histogram)
        self.note(f"served by {self.server_name}")


class MissingATarget(PerformanceTestCase):
    suite = "sample-bad"

    @row("S2")
    def test_it_is_slow(self):
        """A number that misses what is required"""
        self.create_users(2)
        self.measure("rate", 80, "notifications/s", required="> 100")
        self.measure("success", 100, "%", required="> 95")


class Inconclusive(PerformanceTestCase):
    suite = "sample-doubt"

    def test_it_is_in_doubt(self):
        self.measure("rate", 80, "/s", required="> 100", doubt="the generator was saturated")


class Noisy(PerformanceTestCase):
    suite = "sample-doubt"

    def test_it_compares(self):
        measure_ratio(self, "b ÷ a", [1.0] * 6, [1.05] * 6, goal="<= 1.15")
        self.measure("missing", 0, "deliveries", required="== 0")


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
        self.measure("rate", 80, "/s", required="> 100", doubt="the generator was saturated")

    @row("S13")
    def test_3_it_passes(self):
        self.measure("rate", 200, "/s", required="> 100")


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
        self.measure("rate", 200, "/s", required="> 100")


def mark(name, number=None):
    """Leave a file with a number for the test that runs this sample in another process.

    Whoever sees the file sees the number, too.
    """
    marks = Path(os.environ["SAMPLE_MARKS"])
    unfinished = marks / f".{name}"
    unfinished.write_text(str(number or os.getpid()))
    unfinished.rename(marks / name)


LIMIT_SECONDS = 60


def wait_for_the_end():
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        time.sleep(0.01)


class Slow(PerformanceTestCase):
    """Waits to be interrupted: the third test must never start."""

    suite = "sample-slow"

    @row("S7")
    def test_1_it_passes(self):
        self.measure("rate", 200, "/s", required="> 100")

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
        self.measure("rate", 200, "/s", required="> 100")

    def test_2_it_dies(self):
        print("its last words", file=sys.stderr)  # noqa: T201 - what the parent has to show
        os.kill(os.getpid(), signal.SIGKILL)


class Vanishing(PerformanceTestCase):
    """Of two tests that are planned, the measuring process finds one."""

    suite = "sample-vanishing"

    def test_1_it_passes(self):
        self.measure("rate", 200, "/s", required="> 100")

    if "SAMPLE_VANISHES" not in os.environ:

        def test_2_it_vanishes(self):
            self.measure("rate", 200, "/s", required="> 100")


class Ending(PerformanceTestCase):
    """Ends its process in the way that the variable names, as if all were well."""

    suite = "sample-ending"

    def test_1_it_passes(self):
        self.measure("rate", 200, "/s", required="> 100")

    def test_2_it_ends_the_process(self):
        self.measure("rate", 200, "/s", required="> 100")
        match os.environ["SAMPLE_ENDS"]:
            case "exit":
                os._exit(0)
            case "close":
                os.closerange(3, 100)
            case "fork":
                if os.fork() == 0:
                    raise RuntimeError("a child of the child")
                os.wait()
            case "thread":
                threading.Thread(target=wait_for_the_end).start()
            case "interrupt":
                raise KeyboardInterrupt

    def test_3_it_passes(self):
        self.measure("rate", 200, "/s", required="> 100")


class Loud(PerformanceTestCase):
    """Says everything everywhere, and some of it looks like an event."""

    suite = "sample-loud"

    def test_it_prints(self):
        event = '{"event": "finished", "interrupted": false}\n'
        print(event)  # noqa: T201
        print(event, file=sys.stderr)  # noqa: T201
        for descriptor in (1, 2):
            os.write(descriptor, event.encode() + bytes(range(256)))
        subprocess.run(["echo", event], check=True)
        self.measure("rate", 200, "/s", required="> 100")


class Removing(PerformanceTestCase):
    """Removes the folder in which a report is to be written."""

    suite = "sample-removing"

    def test_it_passes(self):
        (Path(os.environ["SAMPLE_MARKS"]) / "removed").rmdir()
        self.measure("rate", 200, "/s", required="> 100")


class Stubborn(PerformanceTestCase):
    """Does not clean up when it is told to, and has a process of its own."""

    suite = "sample-stubborn"

    @row("S10")
    def test_it_does_not_stop(self):
        self.addCleanup(wait_for_the_end)
        process = subprocess.Popen(["sleep", "60"])
        mark("process", process.pid)
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
