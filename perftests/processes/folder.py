"""Temporary folders that go with their run; what a run left that was killed, the next removes.

The proof that a run lives is a lock on a file in its folder. The system takes it away when the
last process ends that holds it, whatever ended it; numbers of processes come again.
"""

import fcntl
import os
import shutil
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from typing import IO

PREFIX = "perf-"
LOCK = "owner.lock"


class RunFolder:
    """A new folder in `parent` (default: that for temporary files), locked by this process.

    `lock` is a file descriptor: a process that inherits it keeps the folder as well.
    """

    def __init__(self, parent: Path | None = None) -> None:
        parent = parent or Path(tempfile.gettempdir())
        sweep(parent)
        self._folder = tempfile.TemporaryDirectory(
            prefix=PREFIX, dir=parent, ignore_cleanup_errors=True
        )
        self.path = Path(self._folder.name)
        # Locked before it has its name: a file with that name is locked, or its owner is dead.
        self.lock, unnamed = tempfile.mkstemp(dir=self.path)
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        os.rename(unnamed, self.path / LOCK)

    def remove(self) -> None:
        """Remove the folder with all that is in it; once more does nothing."""
        if self.lock >= 0:
            self._folder.cleanup()
            os.close(self.lock)
            self.lock = -1


def sweep(parent: Path) -> None:
    """Remove the folders of dead runs of this user."""
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):  # another one was faster
            if folder.lstat().st_uid == os.getuid() and is_abandoned(folder / LOCK):
                shutil.rmtree(folder, ignore_errors=True)


def is_abandoned(lock: Path) -> bool:
    """Whether nobody holds the lock any more; raises `OSError` where there is none."""
    with closing(os.fdopen(os.open(lock, os.O_RDWR | os.O_NOFOLLOW))) as file:
        return try_lock(file)


def try_lock(file: IO[str]) -> bool:
    """Lock the file until it is closed here and in every process that inherits it; false where
    another has done so.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
