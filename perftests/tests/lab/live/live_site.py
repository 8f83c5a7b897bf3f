"""A site in a process of its own, and browsers that look at its lab while something goes on."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import mock
from urllib.parse import urlsplit

import psutil
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import TransactionTestCase
from django.urls import reverse

from notifications.tests.browser import chromium, wait_until
from perftests.load.server.process import ServerProcess
from perftests.processes.system import end_with_parent

LIMIT_SECONDS = 180
ASGI = "notifyproject.asgi:application"


class LiveSiteTestCase(TransactionTestCase):
    """Site, runs and tests share one database; runs leave their marks in `marks`, and whatever
    they write goes into `temporary`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.marks, cls.temporary = folder / "marks", folder / "temporary"
        cls.marks.mkdir()
        cls.temporary.mkdir()
        cls.variables = {
            # As a site: the tests' own settings would make what it starts a part of these tests.
            "DJANGO_SETTINGS_MODULE": "notifyproject.tests.strict",
            "DATABASE_URL": database_url(),
            "SAMPLE_MARKS": str(cls.marks),
            "TMPDIR": str(cls.temporary),
            "PERF_CLEANUP_TIMEOUT_SECONDS": "10",
        }
        cls.server = cls.enterClassContext(
            ServerProcess(application=ASGI, environment={**cls.variables, "DEBUG": "True"})
        )
        cls.browser = cls.enterClassContext(chromium())
        # Playwright runs an event loop in this thread, which waits while the tests use the ORM.
        cls.enterClassContext(mock.patch.dict(os.environ, DJANGO_ALLOW_ASYNC_UNSAFE="true"))

    def setUp(self):
        self.client.force_login(User.objects.create_superuser("root"))
        self.complaints = []
        for mark in self.marks.iterdir():
            mark.unlink()
        self.databases_before = self.stored_databases()
        self.addCleanup(self.end)

    def end(self):
        """Kill what a test that failed has left."""
        for process in self.processes():
            process.kill()

    def processes(self):
        """What runs have started and still runs, wherever it is: all inherit the variable."""
        own = (p for p in psutil.process_iter() if p.pid not in (os.getpid(), self.server.pid))
        return [process for process in own if self._is_of_a_run(process)]

    def _is_of_a_run(self, process):
        try:
            mark = process.environ().get("SAMPLE_MARKS")
            return mark == str(self.marks) and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False

    def stored_databases(self):
        """Those that the server of databases has; with SQLite they are files in `temporary`."""
        if connection.vendor == "sqlite":
            return set()
        with connection.cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database")
            return {name for (name,) in cursor.fetchall()}

    def perf(self, *arguments):
        """`manage.py perf` as in a terminal."""
        process = subprocess.Popen(
            [sys.executable, "manage.py", "perf", *arguments],
            cwd=settings.BASE_DIR,
            env={**os.environ, **self.variables},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=end_with_parent,
        )
        self.addCleanup(process.wait, LIMIT_SECONDS)
        self.addCleanup(process.send_signal, signal.SIGKILL)
        return process

    def open(self, name, query="", **options):
        context = self.browser.new_context(**options)
        self.addCleanup(context.close)
        session = self.client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": self.server.http_url}])
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.goto(f"{self.server.http_url}{reverse(name)}{query}")
        return page

    def until(self, page, text):
        """Wait until the page says so."""

        def said():
            return text in page.locator("body").inner_text()

        wait_until(page, said, text, LIMIT_SECONDS)


def database_url():
    """The database of these tests, as a process of its own is told it."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(settings.DATABASE_URL)._replace(path=f"/{name}").geturl()
