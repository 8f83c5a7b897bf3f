"""A service of a test's own, to be stopped, killed and suspended: no other may be harmed."""

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

import psutil

from perftests.exceptions import PerftestsError
from perftests.processes.system import accepts, end_with_parent, free_port

START_SECONDS = 20.0
POLL_SECONDS = 0.02


class ServiceFailed(PerftestsError):
    """A private service did not start, or its program is missing."""


class PrivateService(ABC):
    """A context manager around one process with a folder and a port of its own.

    It keeps both over `stop`, `kill` and `start`. `suspend` lets it hang without a word, until
    `resume`. Raises `ServiceFailed` where the program is missing or does not answer.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.port = free_port()
        self._temporary = None if folder else tempfile.TemporaryDirectory(prefix="perf-service-")
        self.folder = folder or Path(self._temporary.name if self._temporary else "")
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str]:
        """What runs in the foreground."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.kill()
        if self._temporary is not None:
            self._temporary.cleanup()

    def start(self) -> None:
        """Start it and wait until its port answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
                preexec_fn=end_with_parent,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ServiceFailed(f"{self.command()[0]} did not start: {self.log()[-1000:]}")
            time.sleep(POLL_SECONDS)

    def answers(self) -> bool:
        """Whether it takes connections."""
        return accepts(self.port)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process id; raises `ServiceFailed` when it is not running."""
        if self._process is None:
            raise ServiceFailed(f"{type(self).__name__} is not running.")
        return self._process.pid

    def log(self) -> str:
        """All that it has printed."""
        return (self.folder / "log").read_text(errors="replace")

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it and all that it started, as a crash does."""
        self._end(signal.SIGKILL)

    def suspend(self) -> None:
        """Let it answer nothing, while its connections stay open."""
        self._stop_forking()
        self._signal(signal.SIGSTOP)
        while any(_runs(process) for process in self._family()):
            time.sleep(POLL_SECONDS)  # a signal takes effect a little later

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _family(self) -> list[psutil.Process]:
        if self._process is None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):  # it has ended
            process = psutil.Process(self._process.pid)
            return [process, *process.children(recursive=True)]
        return []

    def _stop_forking(self) -> None:
        """PostgreSQL forks for each connection: one that it takes meanwhile would be missed."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGSTOP)
        with contextlib.suppress(ChildProcessError):  # it had ended before
            os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def _signal(self, number: signal.Signals) -> None:
        for process in self._family():
            with contextlib.suppress(psutil.NoSuchProcess):  # it has ended meanwhile
                process.send_signal(number)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        if how is signal.SIGKILL:
            self._stop_forking()
        family = self._family()
        if how is signal.SIGKILL:
            self._signal(how)
        else:
            self._process.send_signal(how)
        psutil.wait_procs(family, START_SECONDS)
        self._process.wait()
        self._process = None


def _runs(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.status() not in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE)
    return False
