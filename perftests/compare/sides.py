"""The two sides of a comparison, and the process of each, seen from the one that compares them."""

import json
import os
import select
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..conf import Server, configuration
from ..exceptions import PerftestsError
from ..processes import interpreter
from ..processes.folder import RunFolder
from ..processes.system import wake_without_parent

ANSWER_SECONDS = 120
"""An answer takes less than a second, the first one a few; one that takes this long hangs."""


class SampleFailed(PerftestsError):
    """A side could not be measured; the message is its last words."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two versions: `name` as shown, and the folder of its code, `None` for here.

    `packages` is a folder with others that it needs in other versions than those installed.
    """

    name: str
    folder: Path | None = None
    packages: Path | None = None

    def environment(self) -> dict[str, str]:
        """The variables with which a process imports this side's code and our `perftests`."""
        variables = interpreter.environment()
        imports: dict[str, Any] = json.loads(variables["PERF_IMPORTS"])
        for folder in filter(None, (self.packages, self.folder)):
            imports["path"].insert(0, str(folder))
            own = {name: folder / name / "__init__.py" for name in imports["files"]}
            imports["files"] |= {name: str(path) for name, path in own.items() if path.exists()}
        return {**variables, "PERF_IMPORTS": json.dumps(imports)}


class Bench:
    """A process of a side with a `server` and a database of its own: `compare.bench.process`.

    It starts at once, and is ready by its first answer. Close it, also after a failure.
    """

    def __init__(self, side: Side, server: Server) -> None:
        self._side = side
        self._folder = RunFolder()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            interpreter.command("perftests.compare.bench.process"),
            stdin=subprocess.PIPE,  # its end tells the process to end
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,
            cwd=side.folder or interpreter.project_folder(),
            env={
                **side.environment(),
                "TMPDIR": str(self._folder.path),
                "PERF_SERVER": server,
                "PYTHONHASHSEED": "0",  # or sets and dictionaries differ from process to process
            },
            pass_fds=[self._folder.lock],
            start_new_session=True,
            preexec_fn=wake_without_parent,
        )

    def ask(self, command: str, *arguments: str) -> Any:
        """What a command of the ruler answers.

        Raises `SampleFailed` with the last words of the process.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps([command, *arguments]).encode())
        except BrokenPipeError:
            raise self._failure() from None
        return json.loads(self._line())

    def leave(self) -> None:
        """Tell it to end; `close` waits for that."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def close(self) -> None:
        """Let it clean up and end, and end it if it does not; once more does nothing."""
        self.leave()
        try:
            self._process.wait(configuration.CLEANUP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._errors.close()
        self._folder.remove()

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        line, deadline = b"", time.monotonic() + ANSWER_SECONDS
        while not line.endswith(b"\n"):
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self._process.stdout], [], [], left)[0]:
                took = f"did not answer within {ANSWER_SECONDS} seconds"
                raise SampleFailed(f"{self._side.name} {took}.")
            part = os.read(self._process.stdout.fileno(), 65536)
            if not part:
                raise self._failure()
            line += part
        return line

    def _failure(self) -> SampleFailed:
        self._process.wait()
        self._errors.seek(0)
        words = self._errors.read().decode(errors="replace").strip().splitlines() or ["(nothing)"]
        return SampleFailed(f"{self._side.name} cannot be measured: {words[-1]}")
