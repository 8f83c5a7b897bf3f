"""A process of a wish: in a session of its own, with nothing to read."""

import subprocess
from collections.abc import Callable
from typing import IO, Any

from ..processes import interpreter


def start(
    *arguments: str,
    output: IO[bytes] | int = subprocess.DEVNULL,
    preexec_fn: Callable[[], None] | None = None,
) -> subprocess.Popen[Any]:
    """Start `python -m perftests.wishes` as this process would, which outlives this one."""
    return subprocess.Popen(
        interpreter.command("perftests.wishes", *arguments),
        cwd=interpreter.project_folder(),
        env=interpreter.environment(),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=preexec_fn,
    )
