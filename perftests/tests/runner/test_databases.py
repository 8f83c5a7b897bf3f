import os
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import mock

from django.conf import settings
from django.db import connection, connections
from django.db.backends.base.base import NO_DB_ALIAS
from django.test import SimpleTestCase, TransactionTestCase, tag

from perftests.runner.databases import OwnDatabases, kept_names, lock, shortened

from ..waiting import wait_for_file

TIMEOUT_SECONDS = 120


class DatabaseNameTests(SimpleTestCase):
    def test_a_long_database_name_leaves_room_for_those_of_run_and_copy(self):
        for name in ("x" * 63, "é" * 40):
            with self.subTest(name):
                whole = f"{shortened(name)}_run_0123456789_16"
                self.assertLessEqual(len(whole.encode()), 63)
                self.assertTrue(name.startswith(shortened(name)))

    def test_names_of_kept_databases_begin_with_the_usual_one(self):
        names = kept_names("test_site")
        self.assertEqual([next(names), next(names)], ["test_site", "test_site_kept2"])


class OwnDatabasesTests(TransactionTestCase):
    def own(self, *, keep=False):
        claimed = OwnDatabases(["default"], keep=keep)
        self.addCleanup(claimed.release)
        return claimed, connection.settings_dict["TEST"]["NAME"]

    def setUp(self):
        self.configured = connection.settings_dict["TEST"]["NAME"]

    def test_every_run_has_a_test_database_of_another_name(self):
        first, one = self.own()
        first.release()
        _, other = self.own()
        self.assertEqual(len({str(name) for name in (self.configured, one, other)}), 3)

    def test_database_names_of_the_settings_come_back_after_a_run(self):
        self.own()[0].release()
        self.assertEqual(connection.settings_dict["TEST"]["NAME"], self.configured)

    def test_a_kept_database_has_the_name_of_the_settings_for_one_run_at_a_time(self):
        # The run of these tests has the usual name.
        directory = self.enterContext(tempfile.TemporaryDirectory())
        test = connection.settings_dict["TEST"]
        usual = str(Path(directory, "kept")) if connection.vendor == "sqlite" else directory[-8:]
        self.enterContext(mock.patch.dict(test, {"NAME": usual}))
        first, one = self.own(keep=True)
        self.assertEqual(str(one), usual)
        test["NAME"] = usual
        second, other = self.own(keep=True)
        self.assertIn("_kept2", str(other))
        second.release()
        first.release()
        self.assertEqual(self.own(keep=True)[1], one)

    def test_a_mirror_has_the_database_of_another_alias(self):
        with mock.patch.dict(connection.settings_dict["TEST"], {"MIRROR": "other"}):
            self.assertEqual(self.own()[1], self.configured)

    # Defined only there, not skipped elsewhere: with SQLite the folders go.
    if connection.vendor == "postgresql":

        def setUp(self):
            self.configured = connection.settings_dict["TEST"]["NAME"]
            self.cursor = self.enterContext(connection._nodb_cursor())
            self.stem = shortened(self.configured)

        def create(self, ending):
            name = self.stem + ending
            self.cursor.execute(f'CREATE DATABASE "{name}"')
            self.addCleanup(self.cursor.execute, f'DROP DATABASE IF EXISTS "{name}"')
            return name

        def there_are(self, *names):
            self.cursor.execute("SELECT datname FROM pg_database")
            return {name for (name,) in self.cursor.fetchall()} & set(names)

        def test_a_database_that_a_dead_run_left_is_dropped_with_its_copies(self):
            left = self.create("_run_0123456789"), self.create("_run_0123456789_2")
            self.own()
            self.assertEqual(self.there_are(*left), set())

        def test_the_databases_of_a_run_that_goes_on_stay(self):
            left = self.create("_run_0123456789"), self.create("_run_0123456789_2")
            self.assertTrue(lock(self.cursor, left[0]))
            self.own()
            self.assertEqual(self.there_are(*left), set(left))

        def test_a_database_that_somebody_is_connected_to_stays(self):
            name = self.create("_run_0123456789")
            other = connections["default"].__class__(
                {**connection.settings_dict, "NAME": name},
                NO_DB_ALIAS,  # a pool belongs to an alias
            )
            self.addCleanup(other.close)
            other.ensure_connection()
            self.own()
            self.assertEqual(self.there_are(name), {name})
            other.close()

        def test_a_database_that_no_run_has_made_stays(self):
            name = self.create("_run_of_somebody")
            self.own()
            self.assertEqual(self.there_are(name), {name})


def usual_name():
    """What the test database would be called, were it not that of a run."""
    return connection.settings_dict["NAME"].partition("_run_")[0]


@tag("slow")
class TwoTestRunsTests(TransactionTestCase):
    """Two whole runs of `manage.py test` at once, on the database of these tests."""

    def start(self, directory, *options, label="notifications.tests.store.test_models"):
        return subprocess.Popen(
            [sys.executable, "manage.py", "test", label, *options],
            cwd=settings.BASE_DIR,
            env={**os.environ, "TMPDIR": directory},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def check(self, *options):
        directory = self.enterContext(tempfile.TemporaryDirectory())
        runs = [self.start(directory, *options) for _ in range(2)]
        for run in runs:
            self.addCleanup(run.kill)
        for run in runs:
            output, _ = run.communicate(timeout=TIMEOUT_SECONDS)
            self.assertEqual(run.returncode, 0, output)
        return sorted(os.listdir(directory))

    def test_two_test_runs_at_once_do_not_share_a_database(self):
        self.assertEqual(self.check(), [])

    def test_two_test_runs_that_keep_their_databases_do_not_share_one(self):
        self.addCleanup(self.drop_kept)
        left = self.check("--keepdb")
        if connection.vendor == "sqlite":
            self.assertIn("notify-test_kept2.sqlite3", left)

    def drop_kept(self):
        if connection.vendor == "postgresql":
            with connection._nodb_cursor() as cursor:
                for name in (usual_name(), f"{usual_name()}_kept2"):
                    cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')

    def start_to_kill(self, directory):
        """A run in the middle of a test."""
        marks = Path(self.enterContext(tempfile.TemporaryDirectory()))
        with mock.patch.dict(os.environ, {"SAMPLE_MARKS": str(marks)}):
            run = self.start(directory, label="perftests.tests.samples.Slow")
        self.addCleanup(run.communicate)
        self.addCleanup(run.kill)
        wait_for_file(marks / "waiting", TIMEOUT_SECONDS)
        return run

    def stored(self, directory):
        """The names of the test databases that there are."""
        if connection.vendor == "sqlite":
            return {path.name for path in Path(directory).rglob("*") if path.is_file()}
        with connection._nodb_cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database")
            return {name for (name,) in cursor.fetchall() if name.startswith(usual_name())}

    def test_a_database_that_a_killed_run_left_goes_with_the_next_run(self):
        directory = self.enterContext(tempfile.TemporaryDirectory())
        before = self.stored(directory)
        killed = self.start_to_kill(directory)
        killed.kill()
        killed.wait()
        left = self.stored(directory) - before
        self.assertTrue(left)
        output, _ = self.start(directory).communicate(timeout=TIMEOUT_SECONDS)
        self.assertIn("OK", output)
        self.assertEqual(self.stored(directory) & left, set())
