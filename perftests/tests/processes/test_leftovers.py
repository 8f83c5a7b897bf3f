import os
import signal
import tempfile
from pathlib import Path

from django.test import SimpleTestCase, tag

from ..fresh_project import FreshProject, listened_on
from ..waiting import wait_for_file, wait_until

TIMEOUT_SECONDS = 300
END_SECONDS = 60

RUNS = {
    "passing": "perftests.suites.websocket.test_load.WebSocketLoadTests"
    ".test_resources_are_recorded_over_time",
    "failing": "perftests.tests.live_samples.Failing",
    "interrupted": "perftests.tests.live_samples.Busy",
    "terminated": "perftests.tests.live_samples.Busy",
    "killed": "perftests.tests.live_samples.Busy",
}

STORED = {f"perftests_perf{name}" for name in ("run", "result", "metric", "live")}
MIGRATED = {"django_migrations", "django_content_type", "auth_permission", "sqlite_sequence"}


@tag("own_database", "slow")
class LeftoverTests(SimpleTestCase):
    """Whatever becomes of a run: no process, socket or file stays, and no row but its own.

    All runs go on side by side, as what they measure is of no interest here.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.runs = {name: cls.start(label) for name, label in RUNS.items()}

    @classmethod
    def start(cls, label):
        run = FreshProject(Path(cls.enterClassContext(tempfile.TemporaryDirectory())), label)
        cls.addClassCleanup(run.end)
        return run

    def server_port(self, run):
        """Where the server of a run listens, once its clients are connected."""
        wait_for_file(run.marks / "connected", TIMEOUT_SECONDS)
        return int((run.marks / "connected").read_text())

    def check(self, name, *, code):
        """The run ended with this exit code and left nothing behind; what it printed."""
        run = self.runs[name]
        output, _ = run.command.communicate(timeout=TIMEOUT_SECONDS)
        self.assertEqual(run.command.returncode, code, output)
        wait_until(lambda: not run.processes(), END_SECONDS, "the end of all processes")
        self.assertEqual(list(run.temporary.iterdir()), [], output)
        self.assertEqual(run.new_files(), {"db.sqlite3"}, output)
        rows = run.rows()
        self.assertEqual(set(rows) - MIGRATED - STORED, set(), output)
        self.assertEqual((rows["perftests_perfrun"], rows["perftests_perfresult"]), (1, 1))
        return output

    def check_signal(self, name, number):
        run = self.runs[name]
        port = self.server_port(run)
        self.assertTrue(listened_on(port))
        os.killpg(run.command.pid, number)
        output = self.check(name, code=128 + number)
        self.assertNotIn("Traceback", output)
        self.assertFalse(listened_on(port))

    def test_a_run_that_passes_leaves_only_its_rows(self):
        self.check("passing", code=0)

    def test_a_run_that_fails_while_sockets_are_connected_leaves_only_its_rows(self):
        self.assertIn("It fails on purpose.", self.check("failing", code=1))
        self.assertFalse(listened_on(self.server_port(self.runs["failing"])))

    def test_a_run_ended_by_ctrl_c_while_its_server_is_busy_leaves_only_its_rows(self):
        self.check_signal("interrupted", signal.SIGINT)

    def test_a_run_terminated_while_its_server_is_busy_leaves_only_its_rows(self):
        self.check_signal("terminated", signal.SIGTERM)

    def test_a_run_whose_measuring_process_was_killed_leaves_only_its_rows(self):
        run = self.runs["killed"]
        port = self.server_port(run)
        [child] = [p for p in run.processes() if "perftests.run.worker" in p.cmdline()]
        child.kill()
        self.assertIn("was ended by signal 9", self.check("killed", code=1))
        self.assertFalse(listened_on(port))
