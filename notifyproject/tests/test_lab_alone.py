"""`perftests` in a project that has none of `notifications` installed."""

from pathlib import Path
from tempfile import TemporaryDirectory

from django.test import SimpleTestCase, tag

from .lab_alone import CHANNELS, assert_stands_alone
from .own_project import OwnProject

WHAT_IS_STORED = """
from perftests.models import PerfRun
run = PerfRun.objects.earliest("pk")
print(run.verdict, run.environment["git"], run.environment["channel_layer"])
"""


@tag("own_database", "slow")
class LabAloneTests(SimpleTestCase):
    def project(self, settings_of_channels=""):
        project = OwnProject(Path(self.enterContext(TemporaryDirectory())))
        project.copy("notifications")
        project.copy("perftests")
        project.add_settings(settings_of_channels)
        project.follow_the_page_of_the_lab()
        return project

    def test_the_lab_measures_and_stores_in_a_project_without_notifications_and_channels(self):
        project = self.project()
        assert_stands_alone(self, project)
        self.assertEqual(project.manage("shell", "-v0", "-c", WHAT_IS_STORED), "pass None none\n")

    def test_the_lab_stands_alone_in_a_project_with_channels(self):
        assert_stands_alone(self, self.project(CHANNELS))
