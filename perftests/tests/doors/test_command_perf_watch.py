import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from datetime import timedelta
from io import StringIO
from pathlib import Path
from unittest import mock

import psutil
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import SimpleTestCase, TransactionTestCase, modify_settings, tag
from django.utils import timezone

from notifications.models import Notification
from perftests import store
from perftests.models import PerfAlert, PerfRun
from perftests.watch.subscribers import subscribe

from ..compare.test_reporting import QUERY, reported
from ..sample_reports import ENVIRONMENT
from ..waiting import wait_for_file, wait_until
from ..watch.test_subscribers import make_viewer
from .perf_command import SAMPLES, TIMEOUT_SECONDS, perf

PASSING = f"{SAMPLES}.Passing"
END_SECONDS = 30


class PerfWatchUsageTests(SimpleTestCase):
    def refuse(self, *arguments, **options):
        with self.assertRaises(CommandError) as refused:
            perf(*arguments, **options)
        self.assertEqual(refused.exception.returncode, 2)
        return str(refused.exception)

    def test_a_time_between_two_runs_has_to_be_one(self):
        for value in ("soon", "1", "0h", "-1h", "1 h", "1w", ""):
            with self.subTest(value):
                told = self.refuse("watch", PASSING, f"--every={value}")
                self.assertEqual(
                    told, f"--every is {value!r}; it must be a time such as 30m, 1h or 1d."
                )

    def test_labels_may_come_after_an_option(self):
        for arguments in (["--every=1h", "N99"], ["--every", "1h", "--scale", "smoke", "N99"]):
            self.assertIn("There is no row N99", self.refuse("watch", *arguments))

    def test_a_time_between_two_runs_goes_with_watch_alone(self):
        for labels in ([PASSING], ["history"]):
            told = self.refuse(*labels, every="1h")
            self.assertEqual(told, "--every goes with perf watch.")

    def test_watch_refuses_what_is_about_one_run(self):
        for options, named in (
            ({"output": Path("a.json")}, "--output"),
            ({"report": ["a.html"], "fail_on": "goal"}, "--report, --fail-on"),
            ({"baseline": "latest"}, "--baseline"),
            ({"list_tests": True}, "--list"),
        ):
            with self.subTest(named):
                self.assertIn(f"watch takes no {named};", self.refuse("watch", PASSING, **options))

    def test_watch_refuses_labels_and_options_as_a_run_does(self):
        self.assertIn("There is no row N99", self.refuse("watch", "N99", every="1h"))
        self.assertIn("--scale is 'huge'", self.refuse("watch", PASSING, scale="huge"))
        self.assertIn("takes no --scale", self.refuse("watch", against=".", scale="smoke"))

    @modify_settings(INSTALLED_APPS={"remove": "notifications"})
    def test_watch_refuses_a_comparison_where_the_app_that_it_samples_is_not_installed(self):
        self.assertIn("not in INSTALLED_APPS", self.refuse("watch", against="."))


class PerfWatchAgainstTests(TransactionTestCase):
    def compare(self, report):
        """What is printed of a comparison that came to this."""

        def compare(order, console, *, watched):
            self.assertEqual((order.ref, order.label, watched), ("main", "watch", True))
            return store.load(store.keep(report, to_judge=watched))

        with (
            mock.patch("perftests.compare.against.compare", compare),
            mock.patch("perftests.management.commands.perf.migrate"),
        ):
            return perf("watch", against="main")

    def test_a_metric_worse_than_in_another_version_is_told_once_and_once_when_it_is_over(
        self,
    ):
        subscribe(make_viewer("ada"))
        for push in (1.2, 1.2, 0.993, 0.993):
            text = self.compare(reported(push=push, counted=[QUERY] if push > 1 else []))
            self.assertNotIn("Nobody", text)
        titles = [notification.title for notification in Notification.objects.order_by("pk")]
        self.assertEqual(len(titles), 2)
        self.assertIn(": push is worse than in main: 1.21 ×", titles[0])
        self.assertIn("Over: ", titles[1])
        self.assertEqual(PerfRun.objects.filter(to_judge=False).count(), 4)


@tag("slow")
class PerfWatchOnceTests(TransactionTestCase):
    def watch(self, sample):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        environment = {"DATABASE_URL": f"sqlite:///{folder}/db.sqlite3"}
        output = StringIO()
        with (
            mock.patch("perftests.run.context.describe", return_value=ENVIRONMENT),
            mock.patch.dict(os.environ, environment),
        ):
            call_command("perf", "watch", f"{SAMPLES}.{sample}", stdout=output)
        return " ".join(output.getvalue().split())

    def test_a_missed_target_is_told_to_who_subscribes_once_and_ends_with_0(self):
        subscribe(make_viewer("ada"))
        self.assertIn(
            "New: S2 rate misses its required target: 80 notifications/s, required > 100 "
            "notifications/s Told: ada",
            self.watch("MissingATarget"),
        )
        self.assertNotIn("New:", self.watch("MissingATarget"))
        self.assertEqual(Notification.objects.count(), 1)
        self.assertEqual(list(PerfRun.objects.values_list("label", flat=True)), ["watch"] * 2)

    def test_a_measuring_process_that_died_is_told_too_and_ends_with_1(self):
        with self.assertRaises(SystemExit) as ended:
            self.watch("Dying")
        self.assertEqual(ended.exception.code, 1)
        self.assertEqual(PerfAlert.objects.count(), 1)


@tag("slow")
class PerfWatchProcessTests(SimpleTestCase):
    """The real command, as a timer or a person starts it, on a database file of its own."""

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (self.folder / "temporary").mkdir()

    def start(self, *arguments):
        process = subprocess.Popen(
            [sys.executable, "manage.py", "perf", "watch", "--scale=smoke", *arguments],
            cwd=settings.BASE_DIR,
            env={
                **os.environ,
                "DATABASE_URL": f"sqlite:///{self.folder}/db.sqlite3",
                "SAMPLE_MARKS": str(self.folder),
                "TMPDIR": f"{self.folder}/temporary",
                "PYTHONUNBUFFERED": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(process.kill)
        return process

    def read_until(self, process, words):
        for line in process.stdout:
            if words in line:
                return
        self.fail(f"{words!r} was not printed: {process.stderr.read()}")

    def interrupt(self, process):
        """Ctrl-C ends it in its own time, without a traceback, and leaves nothing."""
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=TIMEOUT_SECONDS)
        self.assertNotIn("Traceback", errors)
        self.assertEqual(list((self.folder / "temporary").iterdir()), [])
        return process.returncode

    def runs(self):
        with sqlite3.connect(self.folder / "db.sqlite3") as database:
            return database.execute("select state, to_judge from perftests_perfrun").fetchall()

    def test_ctrl_c_between_two_runs_ends_the_watch(self):
        process = self.start(PASSING, "--every", "1h")
        self.read_until(process, "perf show 1")
        self.assertEqual(self.interrupt(process), 130)
        self.assertEqual([state for state, _ in self.runs()], ["finished"])

    def test_ctrl_c_in_the_middle_of_a_run_ends_both_and_leaves_the_run_to_the_next_watch(self):
        process = self.start(f"{SAMPLES}.Slow", "--every", "1h")
        wait_for_file(self.folder / "waiting", TIMEOUT_SECONDS)
        self.assertEqual(self.interrupt(process), 130)
        self.assertTrue((self.folder / "cleaned").exists())
        self.assertEqual(self.runs(), [("aborted", 1)])
        process = self.start(PASSING)
        process.communicate(timeout=TIMEOUT_SECONDS)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(self.runs(), [("aborted", 0), ("finished", 0)])

    def processes(self):
        """All that watches have started, and what these have."""
        return [p for p in psutil.process_iter() if self._is_of_a_watch(p)]

    def _is_of_a_watch(self, process):
        try:
            mark = process.environ().get("SAMPLE_MARKS")
            return mark == str(self.folder) and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False

    def fall_silent(self):
        """As if the last sign of life were a minute old."""
        before = (timezone.now() - timedelta(minutes=1)).replace(tzinfo=None)
        with sqlite3.connect(self.folder / "db.sqlite3") as database:
            database.execute("update perftests_perfrun set heard_at = ?", [str(before)])

    def test_a_watch_that_is_killed_leaves_no_process_and_the_next_one_judges_its_run(self):
        process = self.start(f"{SAMPLES}.Slow", "--every", "1h")
        wait_for_file(self.folder / "waiting", TIMEOUT_SECONDS)
        process.kill()
        wait_until(lambda: not self.processes(), END_SECONDS, "the end of all processes")
        self.assertEqual(self.runs(), [("running", 1)])
        self.fall_silent()
        process = self.start(PASSING)
        output, errors = process.communicate(timeout=TIMEOUT_SECONDS)
        self.assertEqual((process.returncode, errors), (0, ""), output)
        self.assertEqual(self.runs(), [("aborted", 0), ("finished", 0)])
        self.assertEqual(list((self.folder / "temporary").iterdir()), [])

    def test_a_watch_measures_again_and_again(self):
        process = self.start(PASSING, "--every", "1s")
        self.read_until(process, "perf show 2")
        self.assertEqual(self.interrupt(process), 130)
