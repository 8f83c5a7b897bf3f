"""A disk of a test's own, to be filled up."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from .programs import find_program


class SmallDisk:
    """A file system of `megabytes`, to be filled; a context manager, for root on Linux alone."""

    def __init__(self, megabytes: int) -> None:
        self._megabytes = megabytes
        self._temporary = tempfile.TemporaryDirectory(prefix="perf-disk-")
        self.folder = Path(self._temporary.name)

    def __enter__(self) -> Self:
        size = f"size={self._megabytes}m"
        mount = [find_program("mount"), "-t", "tmpfs", "-o", size, "tmpfs", str(self.folder)]
        subprocess.run(mount, check=True)
        return self

    def __exit__(self, *exception: object) -> None:
        subprocess.run([find_program("umount"), "--lazy", str(self.folder)], check=True)
        self._temporary.cleanup()

    @contextlib.contextmanager
    def filled(self) -> Iterator[None]:
        """Leave no byte free for the time of the block."""
        ballast = self.folder / "ballast"
        try:
            # Until it is full.
            with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
                while True:
                    file.write(bytes(1 << 12))
            yield
        finally:
            ballast.unlink()


def can_mount() -> bool:
    """Whether a `SmallDisk` can be had here."""
    if os.getuid() != 0 or shutil.which("mount") is None:
        return False
    try:
        with SmallDisk(1):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False
