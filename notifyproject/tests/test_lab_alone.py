"""`perftests` in a project that has none of `notifications` installed."""

from pathlib import Path
from tempfile import TemporaryDirectory

from django.test import SimpleTestCase, tag

from .own_project import OwnProject

WHAT_IS_STORED = """
from perftests.models import PerfRun
run = PerfRun.objects.get()
print(run.verdict, run.environment["git"], run.environment["channel_layer"])
"""


@tag("own_database", "slow")
class LabAloneTests(SimpleTestCase):
    def test_the_lab_measures_and_stores_in_a_project_without_notifications_and_channels(self):
        project = OwnProject(Path(self.enterContext(TemporaryDirectory())))
        project.copy("notifications")
        project.copy("perftests")
        project.follow_the_page_of_the_lab()
        labels = "myapp.tests.perf", "myapp.tests.perf_pages"
        project.manage("perf", *labels, "--scale=smoke")
        self.assertEqual(project.manage("shell", "-v0", "-c", WHAT_IS_STORED), "pass None none\n")
        with self.assertRaisesRegex(AssertionError, r"notifications, which is not in INSTALLED_A"):
            project.manage("perf")
