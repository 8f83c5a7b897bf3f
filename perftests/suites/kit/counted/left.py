"""What a server still has after all clients have left."""

from dataclasses import dataclass
from typing import Self

from perftests.measure.process_tree import ProcessTree

from ..contexts import Recorder
from ..server import ServerUnderLoad

SPARE = 8
"""A server starts threads as they are needed, and keeps them with a database connection each."""


@dataclass(frozen=True, slots=True)
class Left:
    """Threads and open files of a server's processes."""

    threads: int
    files: int

    @classmethod
    def read(cls, server: ServerUnderLoad) -> Self:
        """What the server has now."""
        tree = ProcessTree(server.pid)
        return cls(tree.threads(), tree.file_descriptors())


def measure_left(recorder: Recorder, server: ServerUnderLoad, before: Left) -> None:
    """Record the live objects of a server that all have left, and what it has beyond `before`."""
    for what, count in server.control.live().items():
        recorder.measure(f"live {what} after close", count, "", required="== 0")
    now = Left.read(server)
    threads, files = now.threads - before.threads, now.files - before.files
    recorder.measure("more threads after close", threads, "", required=f"<= {SPARE}")
    recorder.measure("more files after close", files, "", required=f"<= {SPARE}")
