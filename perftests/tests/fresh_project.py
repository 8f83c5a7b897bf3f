"""A fresh copy of the project with a run of `perf` in it, to see what the run leaves behind."""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress

import psutil
from django.conf import settings

from perftests.processes.system import end_with_parent

PACKAGES = ("notifications", "notifyproject", "perftests")


class FreshProject:
    """`manage.py perf` of one label at smoke scale, as in a terminal of its own.

    The database is the embedded default; `temporary` is the directory for temporary files, samples
    leave their marks in `marks`.
    """

    def __init__(
        self, directory, label, *, cwd=None, variables=None, versioned=False, suites=("websocket",)
    ):
        self._project = directory / "project"
        self.temporary, self.marks = directory / "temporary", directory / "marks"
        self.temporary.mkdir()
        self.marks.mkdir()
        for package in PACKAGES:
            shutil.copytree(settings.BASE_DIR / package, self._project / package)
        shutil.copy(settings.BASE_DIR / "manage.py", self._project)
        if versioned:
            self._commit()
        self._files = self._all_files()
        chosen = ["--suites", *suites] if suites else []
        arguments = ["perf", *chosen, "--scale", "smoke", label]
        self.command = subprocess.Popen(
            [sys.executable, self._project / "manage.py", *arguments],
            cwd=cwd or self._project,
            env={**self._environment(), **(variables or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=end_with_parent,  # killed tests leave nothing behind, either
        )

    def _commit(self):
        identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        for words in (["init"], ["add", "."], ["commit", "-m", "Add the project"]):
            git = ["git", "-C", str(self._project), *identity, *words]
            subprocess.run(git, check=True, capture_output=True)

    def _environment(self):
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("PERF_") and name not in ("DATABASE_URL", "REDIS_URL")
        }
        return {**inherited, "TMPDIR": str(self.temporary), "SAMPLE_MARKS": str(self.marks)}

    def child(self):
        """The measuring process."""
        [child] = [p for p in self.processes() if "perftests.run.worker" in p.cmdline()]
        return child

    @property
    def ended(self):
        return self.command.poll() is not None

    def wait(self, timeout_seconds):
        """The exit code and what was printed."""
        output, _ = self.command.communicate(timeout=timeout_seconds)
        return self.command.returncode, output

    def processes(self):
        """What the run has started and still runs, wherever it is: all inherit the variable."""
        return [process for process in psutil.process_iter() if self._started(process)]

    def _started(self, process):
        with suppress(psutil.Error):
            marks = process.environ().get("SAMPLE_MARKS")
            return marks == str(self.marks) and process.status() != psutil.STATUS_ZOMBIE
        return False

    def end(self):
        """Kill whatever still runs."""
        for process in self.processes():
            with suppress(psutil.Error):
                process.kill()
        self.command.communicate()

    def new_files(self):
        """The files in the project that were not there before."""
        return {str(path) for path in self._all_files() - self._files}

    def _all_files(self):
        files = (path for path in self._project.rglob("*") if path.is_file())
        return {f.relative_to(self._project) for f in files if "__pycache__" not in f.parts}

    @property
    def database(self):
        return self._project / "db.sqlite3"

    def rows(self):
        """The number of rows of each table of the project's database that has any."""
        with closing(sqlite3.connect(self.database)) as database:
            tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            counts = {
                name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
                for (name,) in tables.fetchall()
            }
        return {name: count for name, count in counts.items() if count}


def listened_on(port):
    """Whether anything listens on this port of the machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
