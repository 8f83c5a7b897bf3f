import json
import subprocess
import tempfile
from pathlib import Path

import django
from django.test import SimpleTestCase

from perftests.measure import environment


class DescribeTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.environment = environment.describe()

    def test_it_survives_json(self):
        self.assertEqual(json.loads(json.dumps(self.environment)), self.environment)

    def test_it_names_hardware_system_and_versions(self):
        self.assertTrue(self.environment["cpu"])
        self.assertGreaterEqual(self.environment["cores"], 1)
        self.assertGreater(self.environment["memory_bytes"], 100_000_000)
        self.assertTrue(self.environment["kernel"])
        self.assertTrue(self.environment["os"])
        self.assertIn("3.", self.environment["python"])
        self.assertEqual(self.environment["packages"]["django"], django.__version__)
        self.assertEqual(len(self.environment["load_average"]), 3)

    def test_it_times_the_calibration_workloads_and_the_noise(self):
        self.assertEqual(set(self.environment["calibration"]), {"loop_ms", "json_ms", "sqlite_ms"})
        for name, value in self.environment["calibration"].items():
            with self.subTest(name):
                self.assertGreater(value, 0)
        self.assertGreaterEqual(self.environment["noise_floor_percent"], 0)


class GitStateTests(SimpleTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.directory = Path(folder.name)

    def git(self, *arguments):
        identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        command = ["git", "-C", str(self.directory), *identity, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def commit_a_file(self):
        self.git("init")
        (self.directory / "code.py").write_text("x = 1\n")
        self.git("add", "code.py")
        self.git("commit", "-m", "Add code")

    def test_it_is_the_commit_of_a_clean_checkout(self):
        self.commit_a_file()
        head = self.git("rev-parse", "HEAD")
        state = environment.git_state(self.directory)
        self.assertEqual(state, {"commit": head, "dirty": False})

    def test_changed_code_is_dirty_and_a_new_report_is_not(self):
        self.commit_a_file()
        (self.directory / "report.json").write_text("{}")
        self.assertFalse(environment.git_state(self.directory)["dirty"])
        (self.directory / "code.py").write_text("x = 2\n")
        self.assertTrue(environment.git_state(self.directory)["dirty"])

    def test_there_is_none_outside_of_a_checkout(self):
        self.assertIsNone(environment.git_state(self.directory))

    def test_there_is_none_before_the_first_commit(self):
        self.git("init")
        self.assertIsNone(environment.git_state(self.directory))


class ShortTests(SimpleTestCase):
    described = {
        "cpu": "AMD EPYC 7763",
        "cores": 2,
        "memory_bytes": 25_276_502_016,
        "python": "CPython 3.11.7",
        "git": {"commit": "ccad490c90a274cec6500db64b47ab278b5051ac", "dirty": True},
    }

    def test_it_is_one_line(self):
        self.assertEqual(
            environment.short(self.described),
            "AMD EPYC 7763, 2 cores, 25.3 GB, CPython 3.11.7, ccad490 + changes",
        )

    def test_it_does_without_a_commit(self):
        self.assertEqual(
            environment.short({**self.described, "git": None}),
            "AMD EPYC 7763, 2 cores, 25.3 GB, CPython 3.11.7",
        )
