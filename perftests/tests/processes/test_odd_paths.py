import tempfile
from pathlib import Path

from django.test import SimpleTestCase, tag

from ..fresh_project import FreshProject

TIMEOUT_SECONDS = 120
ODD = "-a#b?c%41&d+e 'f\" ü\n[g]:$HOME"
LABEL = (
    "perftests.suites.websocket.test_load.WebSocketLoadTests.test_resources_are_recorded_over_time"
)


@tag("own_database", "slow")
class OddPathTests(SimpleTestCase):
    def test_a_project_and_temporary_files_may_lie_in_a_folder_of_any_name(self):
        directory = Path(self.enterContext(tempfile.TemporaryDirectory()), ODD)
        directory.mkdir()
        run = FreshProject(directory, LABEL)
        self.addCleanup(run.end)
        output, _ = run.command.communicate(timeout=TIMEOUT_SECONDS)
        self.assertEqual(run.command.returncode, 0, output)
        self.assertEqual(run.new_files(), {"db.sqlite3"})
        self.assertEqual(run.rows()["perftests_perfresult"], 1)
        self.assertEqual(list(run.temporary.iterdir()), [])
        self.assertEqual([path.name for path in directory.parent.iterdir()], [ODD])
