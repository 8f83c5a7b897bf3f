import sys
from pathlib import Path
from unittest import TestLoader, TestResult, mock

from django.core.management import CommandError
from django.test import SimpleTestCase, modify_settings

import perftests

SUITES = "perftests.suites"


@modify_settings(INSTALLED_APPS={"remove": "notifications"})
class LabAloneTests(SimpleTestCase):
    """Our suites in a project that has not installed what they measure."""

    def setUp(self):
        self.enterContext(mock.patch.dict(sys.modules))
        for name in [name for name in sys.modules if f"{name}.".startswith(f"{SUITES}.")]:
            del sys.modules[name]

    def test_our_suites_are_skipped_in_a_sentence_where_tests_are_looked_for(self):
        folder = Path(perftests.__file__).parent
        found = TestLoader().discover(str(folder / "suites"), top_level_dir=str(folder.parent))
        self.assertEqual(found.countTestCases(), 1)
        result = TestResult()
        found.run(result)
        self.assertEqual((len(result.skipped), result.errors), (1, []))
        self.assertIn("notifications, which is not in INSTALLED_APPS here", result.skipped[0][1])

    def test_our_suites_are_refused_in_a_sentence_where_one_is_named(self):
        label = f"{SUITES}.websocket.test_load"
        with self.assertRaisesMessage(CommandError, "which is not in INSTALLED_APPS here"):
            TestLoader().loadTestsFromName(label)
