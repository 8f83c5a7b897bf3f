import os
import tempfile
from pathlib import Path
from unittest import mock

from django.test import SimpleTestCase, tag

from perftests.processes.git import run_git

TIMEOUT_SECONDS = 30


@tag("slow")
class GitTests(SimpleTestCase):
    def setUp(self):
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def git(self, *arguments):
        return run_git(self.directory, *arguments, timeout_seconds=TIMEOUT_SECONDS)

    def test_asks_about_the_folder_whatever_repository_a_hook_names(self):
        self.git("init", "--quiet")
        with mock.patch.dict(os.environ, GIT_DIR="/nowhere", GIT_WORK_TREE="/nowhere"):
            answer = self.git("rev-parse", "--show-toplevel")
        top = Path(os.fsdecode(answer.stdout.rstrip(b"\n")))
        self.assertEqual((answer.returncode, top), (0, self.directory.resolve()))

    def test_leaves_it_to_the_caller_what_a_refusal_means(self):
        answer = self.git("rev-parse", "--show-toplevel")
        self.assertNotEqual(answer.returncode, 0)
        self.assertIn(b"not a git repository", answer.stderr)
