import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import SimpleTestCase, tag

from notifyproject.databases import database

FOLDER = Path("/the project")
TIMEOUT_SECONDS = 300
ODD = "a#b?c%41&d+e 'f\" ü\n-[g]=mode=memory.sqlite3"


def name(url):
    return database(url, FOLDER)["NAME"]


class DatabaseUrlTests(SimpleTestCase):
    def test_a_relative_path_of_sqlite_is_in_the_folder_of_the_project(self):
        self.assertEqual(name("sqlite:///db.sqlite3"), FOLDER / "db.sqlite3")

    def test_an_absolute_path_of_sqlite_has_four_slashes(self):
        self.assertEqual(name("sqlite:////tmp/db.sqlite3"), Path("/tmp/db.sqlite3"))

    def test_a_path_of_sqlite_is_percent_decoded_once(self):
        self.assertEqual(name(f"sqlite:////tmp/{quote(ODD)}"), Path("/tmp", ODD))
        self.assertEqual(name("sqlite:////tmp/a%2541"), Path("/tmp/a%41"))

    def test_a_hash_and_a_plus_in_a_path_of_sqlite_stand_for_themselves(self):
        self.assertEqual(name("sqlite:////tmp/a#b+c.sqlite3"), Path("/tmp/a#b+c.sqlite3"))

    def test_options_after_a_question_mark_are_no_part_of_the_path_of_sqlite(self):
        entry = database("sqlite:////tmp/db.sqlite3?timeout=20", FOLDER)
        self.assertEqual(
            (entry["NAME"], entry["OPTIONS"]), (Path("/tmp/db.sqlite3"), {"timeout": 20})
        )

    def test_a_question_mark_in_the_name_of_a_file_is_refused_with_the_way_to_write_it(self):
        for url in ("sqlite:////tmp/a?b.sqlite3", "sqlite:////tmp/a?", "sqlite:////tmp/a?b=1&c"):
            with (
                self.subTest(url),
                self.assertRaisesRegex(ImproperlyConfigured, "write %3F for it"),
            ):
                name(url)

    def test_a_database_in_memory_keeps_its_name(self):
        for url in ("sqlite://:memory:", "sqlite:///:memory:", "sqlite://"):
            self.assertEqual(name(url), ":memory:")

    def test_urls_of_other_databases_are_read_as_django_environ_does(self):
        entry = database("postgres://us%23er:p%3Fw@host:5432/na%23me", FOLDER)
        read = [entry[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")]
        self.assertEqual(read, ["na#me", "us#er", "p?w", "host", 5432])


@tag("slow")
class DatabaseFileTests(SimpleTestCase):
    def test_the_commands_open_exactly_the_database_file_that_was_named(self):
        directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        file = directory / ODD
        for command in (["migrate", "-v0"], ["notify", "Hello", "--all"]):
            done = subprocess.run(
                [sys.executable, "manage.py", *command],
                cwd=settings.BASE_DIR,
                env={**os.environ, "DATABASE_URL": f"sqlite:///{quote(str(file))}"},
                capture_output=True,
                text=True,
                timeout=TIMEOUT_SECONDS,
            )
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([path.name for path in directory.iterdir()], [ODD])
        with closing(sqlite3.connect(file)) as stored:
            [[notifications]] = stored.execute(
                "SELECT count(*) FROM durable_notifications_notification"
            )
        self.assertEqual(notifications, 1)

    def test_options_in_the_database_url_win_over_those_of_the_settings(self):
        code = "from django.conf import settings; print(settings.DATABASES['default']['OPTIONS'])"
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=settings.BASE_DIR,
            env={**os.environ, "DATABASE_URL": "sqlite:///db.sqlite3?timeout=7"},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )
        self.assertIn("'timeout': 7", done.stdout, done.stderr)
        self.assertIn("'transaction_mode': 'IMMEDIATE'", done.stdout)
