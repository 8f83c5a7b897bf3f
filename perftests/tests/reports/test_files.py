import contextlib
import os
import resource
import stat
import tempfile
from pathlib import Path
from unittest import mock

from django.test import SimpleTestCase

from perftests.exceptions import UnwritableOutput
from perftests.reports.files import require_writable, write

OLD, NEW = b"an earlier report", b"a new report\n" * 1_000


@contextlib.contextmanager
def full_disk():
    """No file gets longer than 1,000 bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


class ReportFileTests(SimpleTestCase):
    def setUp(self):
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.path = self.directory / "report.json"

    def test_a_new_report_file_has_the_mode_of_any_new_file(self):
        other = self.directory / "other"
        other.touch()
        write(NEW, self.path)
        self.assertEqual(self.path.read_bytes(), NEW)
        self.assertEqual(self.path.stat().st_mode, other.stat().st_mode)

    def test_an_old_report_file_is_replaced_and_keeps_its_mode(self):
        self.path.write_bytes(OLD)
        self.path.chmod(0o640)
        write(NEW, self.path)
        self.assertEqual(self.path.read_bytes(), NEW)
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o640)

    def test_no_file_stays_beside_a_written_report(self):
        write(NEW, self.path)
        self.assertEqual(list(self.directory.iterdir()), [self.path])

    def test_a_report_is_written_to_a_name_as_long_as_a_name_may_be(self):
        path = self.directory / ("x" * 255)
        write(NEW, path)
        self.assertEqual(path.read_bytes(), NEW)

    def test_a_full_disk_leaves_no_report_file(self):
        with full_disk(), self.assertRaisesRegex(UnwritableOutput, "File too large"):
            write(NEW, self.path)
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_a_full_disk_leaves_the_old_report_as_it_was(self):
        self.path.write_bytes(OLD)
        with full_disk(), self.assertRaises(UnwritableOutput):
            write(NEW, self.path)
        self.assertEqual(self.path.read_bytes(), OLD)
        self.assertEqual(list(self.directory.iterdir()), [self.path])

    def test_a_report_file_that_cannot_be_replaced_is_written_in_place(self):
        for fails in ("open", "replace"):
            with self.subTest(fails):
                self.path.write_bytes(OLD * 10_000)
                with self.mounted(fails):
                    write(NEW, self.path)
                self.assertEqual(self.path.read_bytes(), NEW)

    def test_a_full_disk_leaves_a_report_file_that_cannot_be_replaced_as_it_was(self):
        self.path.write_bytes(OLD)
        with self.mounted("open"), full_disk(), self.assertRaises(UnwritableOutput):
            write(NEW, self.path)
        self.assertEqual(self.path.read_bytes(), OLD)

    def mounted(self, fails):
        """As for a file that is a mount of its own: nothing can take its place."""
        if fails == "replace":
            return mock.patch.object(Path, "replace", side_effect=OSError(16, "busy"))
        return mock.patch("perftests.reports.files.os.open", side_effect=OSError(30, "read-only"))

    def test_a_symbolic_link_stays_and_leads_to_the_new_report(self):
        for existing in (True, False):
            with self.subTest(existing=existing):
                target = self.directory / f"target-{existing}"
                if existing:
                    target.write_bytes(OLD)
                link = self.directory / f"link-{existing}"
                link.symlink_to(target.name)
                require_writable(link)
                write(NEW, link)
                self.assertTrue(link.is_symlink())
                self.assertEqual(target.read_bytes(), NEW)

    def test_a_report_is_written_to_a_pipe(self):
        os.mkfifo(self.path)
        reader = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        require_writable(self.path)
        write(NEW, self.path)
        self.assertEqual(os.read(reader, 2 * len(NEW)), NEW)
        self.assertTrue(stat.S_ISFIFO(self.path.stat().st_mode))

    def test_a_report_to_a_pipe_that_nobody_reads_is_refused_without_waiting(self):
        os.mkfifo(self.path)
        require_writable(self.path)
        with self.assertRaises(UnwritableOutput):
            write(NEW, self.path)

    def test_a_report_is_written_to_a_device(self):
        write(NEW, Path("/dev/null"))
        self.assertTrue(Path("/dev/null").is_char_device())
        with self.assertRaisesRegex(UnwritableOutput, "No space left on device"):
            write(NEW, Path("/dev/full"))

    def test_a_report_that_cannot_be_written_is_refused_before_a_run_and_after_it(self):
        (self.directory / "loop").symlink_to("loop")
        for path in (
            self.directory,
            Path(),
            self.directory / "gone" / "report.json",
            self.directory / "loop",
            self.directory / ("x" * 256),
        ):
            for attempt in (lambda path: require_writable(path), lambda path: write(NEW, path)):
                with self.subTest(path), self.assertRaises(UnwritableOutput) as refused:
                    attempt(path)
                self.assertNotIn("None", str(refused.exception))
