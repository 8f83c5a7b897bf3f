import json
import subprocess
import tempfile
from pathlib import Path
from unittest import mock

from django.test import SimpleTestCase, tag

import notifications
from perftests.compare.versions.choice import two_sides
from perftests.compare.versions.revisions import (
    UnusableRevision,
    commit_of,
    extract,
    is_dirty,
    newest_refs,
)
from perftests.processes import interpreter

IDENTITY = ("-c", "user.name=A", "-c", "user.email=a@example.com")


def git(folder, *arguments):
    subprocess.run(["git", *IDENTITY, *arguments], cwd=folder, check=True, capture_output=True)


@tag("slow")
class RevisionTests(SimpleTestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.project = self.folder / "project"
        for package in ("notifications", "perftests"):
            (self.project / package).mkdir(parents=True)
            (self.project / package / "__init__.py").write_text("VALUE = 1\n")
        git(self.project, "init", "-b", "main")
        git(self.project, "add", ".")
        git(self.project, "commit", "-m", "First")

    def refusal(self, ref, project=None):
        with self.assertRaises(UnusableRevision) as refused:
            commit_of(ref, project or self.project)
        self.assertNotIn("\n", str(refused.exception))
        return str(refused.exception)

    def test_a_git_that_does_not_answer_is_told_in_one_sentence(self):
        with mock.patch("perftests.compare.versions.revisions.GIT_SECONDS", 0):
            self.assertIn("took longer than 0 s", self.refusal("main"))

    def test_branches_and_tags_are_named_and_a_project_in_no_checkout_has_none(self):
        git(self.project, "tag", "v1.0")
        self.assertEqual(set(newest_refs(self.project, 5)), {"main", "v1.0"})
        self.assertEqual(len(newest_refs(self.project, 1)), 1)
        self.assertEqual(newest_refs(self.folder, 5), [])

    def test_a_revision_is_written_without_its_perftests(self):
        target = self.folder / "side"
        extract(commit_of("main", self.project), self.project, target)
        self.assertTrue((target / "notifications" / "__init__.py").exists())
        self.assertFalse((target / "perftests").exists())

    def test_a_revision_without_notifications_is_refused_where_they_are_here(self):
        git(self.project, "rm", "-r", "--cached", "notifications")
        git(self.project, "commit", "-m", "Second")
        with self.assertRaisesRegex(UnusableRevision, "no package notifications"):
            extract(commit_of("main", self.project), self.project, self.folder / "side")

    def test_a_project_that_has_notifications_installed_is_compared_with_its_own_revisions(self):
        git(self.project, "rm", "-r", "notifications", "perftests")
        (self.project / "settings.py").write_text("")
        git(self.project, "add", ".")
        git(self.project, "commit", "-m", "Second")
        (self.project / "settings.py").write_text("DEBUG = True")
        with (
            mock.patch.object(interpreter, "project_folder", return_value=str(self.project)),
            two_sides("main") as (baseline, candidate),
        ):
            self.assertEqual((baseline.folder / "settings.py").read_text(), "")
            self.assertTrue(candidate.name.endswith(" with changes"))
            imports = json.loads(baseline.environment()["PERF_IMPORTS"])
        self.assertEqual(imports["path"][0], str(baseline.folder))
        self.assertEqual(imports["files"]["notifications"], notifications.__file__)

    def test_a_revision_without_perftests_is_written_like_any_other(self):
        git(self.project, "rm", "-r", "perftests")
        git(self.project, "commit", "-m", "Second")
        target = self.folder / "side"
        extract(commit_of("main", self.project), self.project, target)
        self.assertTrue((target / "notifications" / "__init__.py").exists())

    def test_changed_files_make_a_checkout_dirty(self):
        self.assertFalse(is_dirty(self.project))
        (self.project / "notifications" / "__init__.py").write_text("VALUE = 2\n")
        self.assertTrue(is_dirty(self.project))

    def test_an_unknown_revision_is_refused_in_one_line(self):
        self.assertIn("--against nosuch: there is no such commit", self.refusal("nosuch"))

    def test_a_revision_that_looks_like_an_option_is_refused_as_unknown(self):
        self.assertIn("there is no such commit", self.refusal("--all"))

    def test_a_shallow_clone_says_how_to_get_the_other_commits(self):
        (self.project / "more").write_text("")
        git(self.project, "add", ".")
        git(self.project, "commit", "-m", "Second")
        clone = self.folder / "clone"
        git(self.folder, "clone", "--depth", "1", self.project.as_uri(), str(clone))
        self.assertIn("git fetch --unshallow", self.refusal("HEAD~1", clone))

    def test_a_folder_without_a_checkout_is_refused_in_one_line(self):
        self.assertIn("is in no checkout of git", self.refusal("HEAD", self.folder))

    def test_a_machine_without_git_is_told_that_it_needs_it(self):
        with mock.patch.dict("os.environ", {"PATH": str(self.folder)}):
            self.assertIn("needs git", self.refusal("HEAD"))
