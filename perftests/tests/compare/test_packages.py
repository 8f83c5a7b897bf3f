import os
import tempfile
from pathlib import Path
from unittest import mock
from zipfile import ZipFile

from django.test import SimpleTestCase, tag

from perftests.compare.sides import Bench, SampleFailed, Side
from perftests.compare.versions.choice import two_sides
from perftests.compare.versions.packages import (
    UninstallablePackages,
    install_release,
    required_by,
)

METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def write_wheel(folder, name, version, modules):
    """A wheel as pip takes it; its record may be empty."""
    stem = f"{name.replace('-', '_')}-{version}"
    with ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
        for path, text in modules.items():
            wheel.writestr(path, text)
        wheel.writestr(f"{stem}.dist-info/METADATA", METADATA.format(name=name, version=version))
        wheel.writestr(f"{stem}.dist-info/WHEEL", WHEEL)
        wheel.writestr(f"{stem}.dist-info/RECORD", "")


@tag("slow")
class PackagesTests(SimpleTestCase):
    """With the real pip, whose registry is a folder."""

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.ours, self.theirs, self.wheels = (
            self.folder / name for name in ("ours", "theirs", "wheels")
        )
        for folder in (self.ours, self.theirs, self.wheels):
            folder.mkdir()
        environment = {
            "PIP_FIND_LINKS": str(self.wheels),
            "PIP_NO_INDEX": "1",
            "XDG_CACHE_HOME": str(self.folder / "cache"),
        }
        self.enterContext(mock.patch.dict(os.environ, environment))
        write_wheel(self.wheels, "channels", "1.2.3", {"channels/__init__.py": "raise OSError(7)"})

    def require(self, project, text):
        (project / "requirements.txt").write_text(text)

    def test_equal_requirements_need_no_other_packages_whatever_their_comments(self):
        self.require(self.ours, "django\nchannels  # live\n")
        self.require(self.theirs, "# what it takes\nchannels\ndjango\n")
        self.assertIsNone(required_by(self.theirs, self.ours))

    def test_a_package_that_only_we_require_is_there_already(self):
        self.require(self.ours, "django\nchannels\n")
        self.require(self.theirs, "django\n")
        self.assertIsNone(required_by(self.theirs, self.ours))

    def test_a_revision_that_tells_no_requirements_has_those_that_are_installed(self):
        self.require(self.ours, "django\n")
        self.assertIsNone(required_by(self.theirs, self.ours))

    def test_other_requirements_are_installed_once_and_kept(self):
        self.require(self.theirs, "channels==1.2.3\n")
        installed = required_by(self.theirs, self.ours)
        self.assertTrue((installed / "channels" / "__init__.py").exists())
        with mock.patch.dict(os.environ, {"PIP_FIND_LINKS": ""}):
            self.assertEqual(required_by(self.theirs, self.ours), installed)

    def test_packages_that_no_registry_has_are_one_line_and_leave_nothing(self):
        self.require(self.theirs, "channels==9.9\n")
        with self.assertRaisesRegex(
            UninstallablePackages, r"^pip cannot install -r .*channels==9\.9"
        ):
            required_by(self.theirs, self.ours)
        self.assertEqual(list((self.folder / "cache").rglob("*/packages/*")), [])

    def test_a_side_imports_its_own_packages_before_those_that_are_installed(self):
        self.require(self.theirs, "channels==1.2.3\n")
        side = Side("theirs", packages=required_by(self.theirs, self.ours))
        bench = Bench(side, "daphne")
        self.addCleanup(bench.close)
        with self.assertRaisesRegex(SampleFailed, "theirs cannot be measured: OSError: 7"):
            bench.ask("ready")

    def test_a_release_is_installed_without_its_perftests(self):
        modules = {"notifications/__init__.py": "", "perftests/__init__.py": ""}
        write_wheel(self.wheels, "django-durable-notifications", "0.0.1", modules)
        with two_sides("pypi:0.0.1") as (baseline, _):
            self.assertEqual(baseline.name, "django-durable-notifications 0.0.1")
            self.assertTrue((baseline.folder / "notifications").exists())
            self.assertFalse((baseline.folder / "perftests").exists())
        self.assertFalse(baseline.folder.exists())

    def test_a_release_that_does_not_exist_is_refused_in_one_line(self):
        with self.assertRaisesRegex(UninstallablePackages, r"^pip cannot install .*==7\.7: .+$"):
            install_release("7.7", self.theirs)
