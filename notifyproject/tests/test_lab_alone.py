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

MISSED = """
from perftests.models import PerfMetric, PerfRun
PerfMetric.objects.update(required="< 0", required_verdict="fail")
PerfRun.objects.update(to_judge=True)
"""
"""As if each run had missed what is required of it, and its watch had ended before it said so."""

ALERTS = """
from perftests.models import PerfAlert
print(*set(PerfAlert.objects.values_list("told", flat=True)))
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

    def test_a_watch_tells_the_console_in_a_project_without_notifications(self):
        project = self.project()
        project.manage("perf", "myapp.tests.perf", "--scale=smoke")
        project.manage("shell", "-v0", "-c", MISSED)
        said = " ".join(
            project.manage("perf", "watch", "myapp.tests.perf", "--scale=smoke").split()
        )
        self.assertRegex(said, r"New: .+ misses its required target: .+, required < 0")
        self.assertIn("Nobody is told: the app notifications is not installed here.", said)
        self.assertEqual(project.manage("shell", "-v0", "-c", ALERTS), "True\n")

    def test_the_lab_stands_alone_in_a_project_with_channels(self):
        assert_stands_alone(self, self.project(CHANNELS))
