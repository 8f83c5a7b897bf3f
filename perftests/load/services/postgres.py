"""A PostgreSQL of a test's own."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
from pathlib import Path

from perftests.processes.system import HOST

from .programs import find_program
from .service import PrivateService


class PrivatePostgres(PrivateService):
    """A cluster with the superuser `postgres`, whom everybody on this machine may be.

    It syncs nothing to the disk: it survives a kill, as a test needs, not the machine's end. The
    server refuses to run as root, so there it runs as the system's user `postgres`.
    """

    def command(self) -> list[str]:
        options = {
            "listen_addresses": HOST,
            "port": str(self.port),
            "unix_socket_directories": "",
            "fsync": "off",
            "max_connections": "200",
        }
        named = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        return [*_as_postgres(), find_program("postgres"), "-D", str(self._data), *named]

    @property
    def url(self) -> str:
        return f"postgres://postgres@{HOST}:{self.port}/postgres"

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        if not self._data.exists():
            self._initialise()
        super().start()

    def stop(self) -> None:
        """End it at once, but in order: who is connected is not waited for."""
        self._end(signal.SIGINT)

    def answers(self) -> bool:
        ready = [find_program("pg_isready"), "-q", "-h", HOST, "-p", str(self.port)]
        return subprocess.run(ready, check=False).returncode == 0

    def _initialise(self) -> None:
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres")
            _let_pass(self.folder, "postgres")
        subprocess.run(
            [
                *_as_postgres(),
                *(find_program("initdb"), "-D", str(self._data), "-U", "postgres"),
                *("--auth", "trust", "--no-sync", "--encoding", "UTF8", "--locale", "C"),
            ],
            check=True,
            capture_output=True,
        )


def _let_pass(folder: Path, group: str) -> None:
    """Let a group through the private folders above, such as the one of a run of `perf`."""
    for parent in folder.parents:
        mode = stat.S_IMODE(parent.stat().st_mode)
        if not mode & stat.S_IXOTH:
            shutil.chown(parent, group=group)
            parent.chmod(mode | stat.S_IXGRP)


def _as_postgres() -> list[str]:
    if os.getuid() != 0:
        return []
    ids = pwd.getpwnam("postgres")
    return ["setpriv", f"--reuid={ids.pw_uid}", f"--regid={ids.pw_gid}", "--clear-groups"]
