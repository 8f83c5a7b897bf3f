import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import mock

from django.test import SimpleTestCase, tag

from perftests.processes import interpreter
from perftests.processes.folder import LOCK, PREFIX, RunFolder, is_abandoned, sweep

from ..waiting import wait_until

TIMEOUT_SECONDS = 30

OWNER = """
import os, subprocess, sys
from pathlib import Path
from perftests.processes.folder import RunFolder
folder = RunFolder(Path(sys.argv[1]))
(folder.path / "left").write_text("a file")
child = subprocess.Popen(["sleep", "60"], pass_fds=[folder.lock])
print(child.pid, flush=True)
sys.stdin.read()
"""


@tag("slow")
class RunFolderTests(SimpleTestCase):
    def setUp(self):
        self.parent = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def start_owner(self):
        """Another process with a folder, and a process of its own that keeps the lock."""
        (self.parent / "owner.py").write_text(OWNER)
        with mock.patch("sys.path", [*sys.path, str(self.parent)]):
            owner = subprocess.Popen(
                interpreter.command("owner", str(self.parent)),
                env=interpreter.environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        self.addCleanup(owner.communicate)
        self.addCleanup(owner.kill)
        child = int(owner.stdout.readline())
        return owner, child

    def folders(self):
        return list(self.parent.glob(f"{PREFIX}*"))  # beside what Python has compiled

    def test_a_run_folder_is_removed_with_all_that_is_in_it(self):
        folder = RunFolder(self.parent)
        (folder.path / "file").write_text("x")
        folder.remove()
        folder.remove()
        self.assertEqual(self.folders(), [])

    def test_a_new_run_folder_leaves_that_of_a_run_that_goes_on(self):
        first, second = RunFolder(self.parent), RunFolder(self.parent)
        self.assertCountEqual(self.folders(), [first.path, second.path])
        first.remove()
        second.remove()

    def test_the_folder_of_a_killed_run_is_removed_once_its_last_process_has_ended(self):
        owner, child = self.start_owner()
        [left] = self.folders()
        owner.kill()
        owner.wait()
        sweep(self.parent)
        self.assertEqual(self.folders(), [left], "a process of the run still uses it")
        os.kill(child, signal.SIGKILL)
        wait_until(lambda: is_abandoned(left / LOCK), TIMEOUT_SECONDS, "the end of the process")
        folder = RunFolder(self.parent)
        self.addCleanup(folder.remove)
        self.assertEqual(self.folders(), [folder.path])

    def test_a_folder_that_no_run_has_made_is_never_removed(self):
        other = self.parent / "perf-of-somebody"
        other.mkdir()
        elsewhere = self.parent / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / LOCK).touch()
        (self.parent / "perf-link").symlink_to(elsewhere)
        sweep(self.parent)
        self.assertTrue(other.is_dir())
        self.assertTrue((elsewhere / LOCK).exists())
