"""The process that measures, seen from the one that stores what it finds."""

import contextlib
import os
import queue
import signal
import subprocess
import tempfile
import threading
from types import TracebackType
from typing import Self

from ..conf import configuration
from ..processes import interpreter
from ..processes.folder import RunFolder
from ..processes.system import wake_without_parent
from ..records.environment import NOISE_FLOOR_VARIABLE
from ..records.events import Event, decode
from .order import Order

POLL_SECONDS = 0.2
LAST_WORDS_BYTES = 4000
MOST_NEW_BYTES = 4000


class MeasuringProcess:
    """`perftests.run.worker`, in a session of its own: a Ctrl-C reaches it only through us."""

    def __init__(self, order: Order, noise_floor_percent: float) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._said = 0
        # Its test database and what its servers write go with it, however it ends.
        self._temporary = RunFolder()
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        options = ["--fail-fast"] if order.fail_fast else []
        self._process = subprocess.Popen(
            interpreter.command("perftests.run.worker", *options, *order.tests),
            stdin=subprocess.PIPE,  # its end tells the worker that we are gone
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=interpreter.project_folder(),
            env={
                **interpreter.environment(),
                "PERF_SCALE": order.scale,
                "PERF_SERVER": order.server,
                NOISE_FLOOR_VARIABLE: str(noise_floor_percent),
                "TMPDIR": str(self._temporary.path),
            },
            pass_fds=[self._temporary.lock],
            start_new_session=True,
            preexec_fn=wake_without_parent,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self.interrupt()
        # It is killed then.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(configuration.CLEANUP_TIMEOUT_SECONDS)
        self.kill()
        self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._errors.close()
        self._temporary.remove()

    def event(self) -> Event | None:
        """The next event; `None` if there is none yet. Raises `EOFError` after the last."""
        ended = self._process.poll() is not None
        try:
            line = self._lines.get(timeout=POLL_SECONDS)
        except queue.Empty:
            if ended:  # and what it had forked still holds the other end of the pipe
                raise EOFError from None
            return None
        if line is None:
            raise EOFError
        return decode(line)

    def interrupt(self) -> None:
        """Ask it to clean up and end."""
        with contextlib.suppress(ProcessLookupError):  # it has ended
            self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """End it at once, with every process that it started."""
        with contextlib.suppress(ProcessLookupError):  # its whole group has ended
            os.killpg(self._process.pid, signal.SIGKILL)

    @property
    def pid(self) -> int:
        """The process that leads its session."""
        return self._process.pid

    def new_lines(self) -> list[str]:
        """What it has written to its standard error since this was asked last, or the end of it."""
        errors = self._errors.fileno()
        begin = max(self._said, os.fstat(errors).st_size - MOST_NEW_BYTES)
        # Not `read`: the place in the file is one for both, and it would write over its own words.
        whole, end, _begun = os.pread(errors, MOST_NEW_BYTES, begin).rpartition(b"\n")
        self._said = begin + len(whole + end)
        return whole.decode(errors="replace").splitlines()

    def last_words(self) -> str:
        """How it ended, and the end of what it wrote to its standard error."""
        try:
            code = self._process.wait(configuration.CLEANUP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:  # it has closed its stream and goes on
            self.kill()
            code = self._process.wait()
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        self._errors.seek(max(0, self._errors.seek(0, os.SEEK_END) - LAST_WORDS_BYTES))
        words = self._errors.read().decode(errors="replace").strip() or "it wrote no error"
        return f"The measuring process {how} before it was done: {words}"

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._lines.put(line)
        self._lines.put(None)
