import json
import os
import subprocess
import tempfile
from pathlib import Path
from unittest import mock

import django
from django.test import SimpleTestCase, tag

import notifications
from perftests.records import environment


@tag("slow")
class DescribedEnvironmentTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.environment = environment.describe(Path(notifications.__path__[0]))

    def test_the_described_environment_survives_json(self):
        self.assertEqual(json.loads(json.dumps(self.environment)), self.environment)

    def test_the_described_environment_names_hardware_system_and_versions(self):
        self.assertTrue(self.environment["cpu"])
        self.assertGreaterEqual(self.environment["cores"], 1)
        self.assertGreater(self.environment["memory_bytes"], 100_000_000)
        self.assertTrue(self.environment["kernel"])
        self.assertTrue(self.environment["os"])
        self.assertIn("3.", self.environment["python"])
        self.assertEqual(self.environment["packages"]["django"], django.__version__)
        self.assertEqual(len(self.environment["load_average"]), 3)

    def test_the_described_environment_has_calibration_times_and_the_noise_floor(self):
        self.assertEqual(set(self.environment["calibration"]), {"loop_ms", "json_ms", "sqlite_ms"})
        for name, value in self.environment["calibration"].items():
            with self.subTest(name):
                self.assertGreater(value, 0)
        self.assertGreaterEqual(self.environment["noise_floor_percent"], 0)

    def test_a_process_that_measures_for_a_run_has_the_noise_floor_of_that_run(self):
        self.addCleanup(environment.floor_of_run.cache_clear)
        environment.floor_of_run.cache_clear()
        with mock.patch.dict(os.environ, {environment.NOISE_FLOOR_VARIABLE: "45.5"}):
            self.assertEqual(environment.floor_of_run(), 45.5)

    def test_a_process_of_no_run_measures_a_noise_floor_of_its_own_once(self):
        self.addCleanup(environment.floor_of_run.cache_clear)
        environment.floor_of_run.cache_clear()
        with mock.patch.dict(os.environ):
            os.environ.pop(environment.NOISE_FLOOR_VARIABLE, None)
            floor = environment.floor_of_run()
            self.assertGreaterEqual(floor, 0)
            self.assertEqual(environment.floor_of_run(), floor)


@tag("slow")
class GitStateTests(SimpleTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.directory = Path(folder.name, "checkout")
        self.package = self.directory / "package"
        self.package.mkdir(parents=True)
        (self.package / "__init__.py").write_text("x = 1\n")

    def git(self, *arguments, directory=None):
        identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        command = ["git", "-C", str(directory or self.directory), *identity, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def commit_the_package(self):
        self.git("init")
        self.git("add", "package")
        self.git("commit", "-m", "Add code")
        return self.git("rev-parse", "HEAD")

    def state(self):
        return environment.git_state(self.package)

    def test_the_git_state_is_commit_branch_and_tag_of_a_clean_checkout(self):
        head = self.commit_the_package()
        self.git("checkout", "-b", "feature/bell")
        state = {"commit": head, "dirty": False, "branch": "feature/bell", "tag": ""}
        self.assertEqual(self.state(), state)
        self.git("tag", "v1.9")
        self.git("tag", "v1.10")
        self.git("checkout", "--detach")
        self.assertEqual(self.state(), {**state, "branch": "", "tag": "v1.10"})

    def test_a_package_that_is_linked_has_the_commit_of_where_it_lies(self):
        head = self.commit_the_package()
        link = self.directory.parent / "package"
        link.symlink_to(self.package)
        self.assertEqual(environment.git_state(link)["commit"], head)

    def test_changed_or_new_code_makes_a_checkout_dirty_and_a_new_report_does_not(self):
        self.commit_the_package()
        (self.directory / "report.json").write_text("{}")
        self.assertFalse(self.state()["dirty"])
        new = self.directory / "new.py"
        new.write_text("x = 2\n")
        self.assertTrue(self.state()["dirty"])
        new.unlink()
        (self.package / "__init__.py").write_text("x = 2\n")
        self.assertTrue(self.state()["dirty"])

    def test_variables_of_git_do_not_lead_to_another_repository(self):
        head = self.commit_the_package()
        other = self.directory.parent / "other"
        other.mkdir()
        self.git("init", directory=other)
        for name, value in (
            ("GIT_DIR", other / ".git"),
            ("GIT_WORK_TREE", other),
            ("GIT_INDEX_FILE", other / "index"),
            ("GIT_CEILING_DIRECTORIES", self.directory),
        ):
            with self.subTest(name), mock.patch.dict(os.environ, {name: str(value)}):
                self.assertEqual(self.state()["commit"], head)
                self.assertFalse(self.state()["dirty"])

    def test_a_repository_that_does_not_hold_the_package_is_not_named(self):
        self.git("init")
        (self.directory / "other.py").write_text("x = 1\n")
        self.git("add", "other.py")
        self.git("commit", "-m", "Add other code")
        self.assertIsNone(self.state())

    def test_there_is_no_git_state_outside_of_a_checkout(self):
        self.assertIsNone(self.state())

    def test_there_is_no_git_state_before_the_first_commit(self):
        self.git("init")
        self.git("add", "package")
        self.assertIsNone(self.state())


class DistributionTests(SimpleTestCase):
    def test_an_installed_package_is_told_with_its_version(self):
        installed = environment.distribution_of(Path(django.__path__[0]))
        self.assertEqual(installed.lower(), f"django {django.__version__}")

    def test_another_package_of_the_same_name_is_not_taken_for_the_installed_one(self):
        self.assertIsNone(environment.distribution_of(Path("/elsewhere/django")))


class ShortEnvironmentTests(SimpleTestCase):
    described = {
        "cpu": "AMD EPYC 7763",
        "cores": 2,
        "memory_bytes": 25_276_502_016,
        "python": "CPython 3.11.7",
        "git": {"commit": "ccad490c90a274cec6500db64b47ab278b5051ac", "dirty": True},
    }

    def test_the_short_environment_is_one_line(self):
        self.assertEqual(
            environment.short(self.described),
            "AMD EPYC 7763, 2 cores, 25.3 GB, CPython 3.11.7, ccad490 + changes",
        )

    def test_a_machine_is_told_in_few_words(self):
        for cpu, words in (
            ("AMD EPYC 7763", "AMD EPYC 7763, 2 cores"),
            ("Intel(R) Xeon(R) CPU E5-2673 v4 @ 2.30GHz", "Intel Xeon E5-2673 v4, 2 cores"),
            ("AMD Ryzen 9 3900X 12-Core Processor", "AMD Ryzen 9 3900X 12-Core, 2 cores"),
            (None, "2 cores"),
        ):
            self.assertEqual(environment.machine({"cpu": cpu, "cores": 2}), words)
        self.assertEqual(environment.machine({}), "")

    def test_the_short_environment_names_an_installed_version_for_want_of_a_commit(self):
        described = {**self.described, "git": None, "installed": "notify 1.2"}
        self.assertTrue(environment.short(described).endswith(", CPython 3.11.7, notify 1.2"))

    def test_the_short_environment_does_without_commit_and_version(self):
        self.assertEqual(
            environment.short({**self.described, "git": None}),
            "AMD EPYC 7763, 2 cores, 25.3 GB, CPython 3.11.7",
        )
