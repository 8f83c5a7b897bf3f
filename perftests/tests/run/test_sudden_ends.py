import json
import signal
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from unittest import skipUnless

import psycopg
from django.test import SimpleTestCase, tag

from perftests.load.services.disk import SmallDisk, can_mount
from perftests.load.services.postgres import PrivatePostgres
from perftests.load.services.programs import has_program

from ..fresh_project import FreshProject
from ..waiting import wait_until

TIMEOUT_SECONDS = 120
LABEL = "perftests.tests.live_samples.Halfway"

TRIES_SHORTLY = {"PERF_CLEANUP_TIMEOUT_SECONDS": "2"}
"""For what is tried for so long, and in vain."""


@tag("own_database", "slow")
class HalfwayTests(SimpleTestCase):
    """A real run of `perf`, stopped between its first test and its second."""

    def start(self, **variables):
        run = self.begin(**variables)
        if run.ended:
            self.fail(f"The run ended before its second test: {run.wait(TIMEOUT_SECONDS)}")
        return run

    def begin(self, **variables):
        """It waits in its second test, or has ended before."""
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        variables = {"PERF_CLEANUP_TIMEOUT_SECONDS": "30", **variables}
        run = FreshProject(self.directory, LABEL, variables=variables)
        self.addCleanup(run.end)
        waiting = run.marks / "waiting"
        wait_until(lambda: waiting.exists() or run.ended, TIMEOUT_SECONDS, waiting)
        return run

    def go_on(self, run):
        (run.marks / "go").touch()
        code, output = run.wait(TIMEOUT_SECONDS)
        self.assertNotIn("Traceback", output)
        return code, output

    def wait_for_the_end(self, run):
        wait_until(lambda: not run.processes(), TIMEOUT_SECONDS, "the end of all processes")


class LostDatabaseTests(HalfwayTests):
    """The database of the results disappears in the middle of a run."""

    def check_rescued(self, run, output, *, results):
        """What was measured is in the file that the last line names."""
        [file] = run.temporary.glob("perf-run-*.json")
        self.assertIn(str(file), "".join(output.split("\n")))
        report = json.loads(file.read_text())
        self.assertIsNone(report["run"])
        self.assertEqual(len(report["results"]), results)
        return report

    def stored(self, file):
        with closing(sqlite3.connect(file)) as database:
            runs = database.execute("SELECT id, state, verdict FROM perftests_perfrun").fetchall()
            rows = database.execute("SELECT run_id FROM perftests_perfresult").fetchall()
        return runs, rows

    def test_a_run_whose_database_file_is_deleted_is_stored_in_a_new_one_and_fails(self):
        run = self.start()
        for file in run.database.parent.glob("db.sqlite3*"):
            file.unlink()
        code, output = self.go_on(run)
        self.assertEqual(code, 1, output)
        self.assertIn("The database of the results failed", output)
        self.assertEqual(self.stored(run.database), ([(1, "finished", "pass")], [(1,), (1,)]))

    def test_a_run_whose_database_stays_locked_ends_and_leaves_a_file(self):
        run = self.start(**TRIES_SHORTLY)
        with closing(sqlite3.connect(run.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            code, output = self.go_on(run)
        self.assertEqual(code, 1, output)
        report = self.check_rescued(run, output, results=2)
        self.assertEqual((report["state"], report["verdict"]), ("finished", "pass"))

    def test_a_run_in_a_database_in_memory_passes_for_as_long_as_that_lasts(self):
        code, output = self.go_on(self.start(DATABASE_URL="sqlite://:memory:"))
        self.assertEqual(code, 0, output)
        self.assertIn("2 of 2 tests passed", output)

    @skipUnless(can_mount(), "only root may mount a file system")
    def test_a_run_whose_disk_is_full_ends_and_leaves_a_file(self):
        with SmallDisk(8) as disk:
            url = f"sqlite:///{disk.folder}/db.sqlite3"
            run = self.start(DATABASE_URL=url, **TRIES_SHORTLY)
            with disk.filled():
                code, output = self.go_on(run)
        self.assertEqual(code, 1, output)
        self.check_rescued(run, output, results=2)

    @skipUnless(can_mount(), "only root may mount a file system")
    def test_a_full_disk_at_the_beginning_of_a_run_is_told_in_one_sentence(self):
        with SmallDisk(8) as disk:
            url = f"sqlite:///{disk.folder}/db.sqlite3"
            self.go_on(self.start(DATABASE_URL=url))
            directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
            with disk.filled():
                run = FreshProject(directory, LABEL, variables={"DATABASE_URL": url})
                self.addCleanup(run.end)
                code, output = run.wait(TIMEOUT_SECONDS)
        self.assertEqual((code, len(output.splitlines())), (2, 1), output)
        self.assertIn("The database cannot be used", output)

    @skipUnless(has_program("postgres"), "PostgreSQL is not installed")
    def test_a_run_whose_database_is_dropped_ends_and_leaves_a_file(self):
        with (
            PrivatePostgres() as service,
            psycopg.connect(service.url, autocommit=True) as connection,
        ):
            connection.execute("CREATE DATABASE results")
            url = service.url.removesuffix("postgres") + "results"
            run = self.start(DATABASE_URL=url, **TRIES_SHORTLY)
            connection.execute("DROP DATABASE results WITH (FORCE)")
            code, output = self.go_on(run)
            left = connection.execute("SELECT datname FROM pg_database").fetchall()
        self.assertEqual(code, 1, output)
        self.check_rescued(run, output, results=2)
        self.assertEqual([name for (name,) in left if "results" in name], [])

    @skipUnless(has_program("postgres"), "PostgreSQL is not installed")
    def test_a_run_whose_connections_are_ended_is_stored_and_printed(self):
        with (
            PrivatePostgres() as service,
            psycopg.connect(service.url, autocommit=True) as connection,
        ):
            run = self.start(DATABASE_URL=service.url)
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = 'postgres' AND pid <> pg_backend_pid()"
            )
            code, output = self.go_on(run)
        self.assertIn("2 of 2 tests passed", output)
        # Only who has a connection in hand at that moment notices.
        self.assertEqual(code, int("is stored as 1 all the same" in output), output)

    @skipUnless(has_program("postgres"), "PostgreSQL is not installed")
    def test_a_run_whose_database_hangs_ends_and_leaves_a_file(self):
        with PrivatePostgres() as service:
            run = self.start(DATABASE_URL=service.url, **TRIES_SHORTLY)
            service.suspend()
            run.child().kill()  # it hangs with its database; its own limits are tested below
            code, output = self.go_on(run)
        self.assertEqual(code, 1, output)
        report = self.check_rescued(run, output, results=2)
        self.assertEqual([r["outcome"] for r in report["results"]], ["completed", "error"])


class EndedProcessTests(HalfwayTests):
    """Somebody ends or stops one of the processes."""

    def check_nothing_is_left(self, run):
        self.wait_for_the_end(run)
        self.assertEqual(list(run.temporary.iterdir()), [])

    def test_a_run_whose_terminal_ends_cleans_up_and_stores_what_it_has(self):
        run = self.start()
        run.command.send_signal(signal.SIGHUP)
        code, output = run.wait(TIMEOUT_SECONDS)
        self.assertEqual(code, 128 + signal.SIGHUP, output)
        self.check_nothing_is_left(run)
        self.assertEqual(run.rows()["perftests_perfresult"], 2)

    def test_a_killed_run_leaves_no_process_and_its_files_go_with_the_next_run(self):
        run = self.start()
        run.command.kill()
        self.wait_for_the_end(run)
        next_one = self.start_beside(run)
        self.assertEqual(next_one.wait(TIMEOUT_SECONDS)[0], 0)
        self.check_nothing_is_left(run)

    def start_beside(self, run):
        """Another run that uses the same folder for temporary files."""
        directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        variables = {"TMPDIR": str(run.temporary)}
        label = "perftests.tests.samples.Passing"
        beside = FreshProject(directory, label, variables=variables, suites=())
        self.addCleanup(beside.end)
        return beside

    def test_a_run_that_goes_on_keeps_its_files_when_another_starts(self):
        run = self.start()
        self.assertEqual(self.start_beside(run).wait(TIMEOUT_SECONDS)[0], 0)
        code, output = self.go_on(run)
        self.assertEqual(code, 0, output)

    def test_a_stopped_measuring_process_ends_with_its_killed_parent(self):
        run = self.start()
        run.child().suspend()
        run.command.kill()
        self.wait_for_the_end(run)

    def test_a_stopped_measuring_process_holds_the_run_up_no_longer_than_a_run_may_take(self):
        run = self.start_with_a_limit()
        run.child().suspend()
        code, output = run.wait(TIMEOUT_SECONDS)
        self.assertEqual(code, 1, output)
        self.assertIn("The clean-up took too long", output)
        self.check_nothing_is_left(run)

    def start_with_a_limit(self):
        """One that may take seconds, or as many more as a busy machine needs for its start."""
        for seconds in (8, 20, 60):
            run = self.begin(PERF_RUN_TIMEOUT_SECONDS=str(seconds), **TRIES_SHORTLY)
            if not run.ended:
                return run
        return self.start(PERF_RUN_TIMEOUT_SECONDS="180", **TRIES_SHORTLY)
