"""The programs of the services, which are installed apart from this project."""

import contextlib
import os
import pwd
import shutil
from pathlib import Path

from .service import ServiceFailed

POSTGRES_BINARIES = "/usr/lib/postgresql"
"""Where Debian keeps each version's, of which only some are on the PATH."""


def has_program(name: str) -> bool:
    """Whether `redis-server`, `postgres` or the like is installed, and may be run."""
    with contextlib.suppress(ServiceFailed, KeyError):
        if name == "postgres" and os.getuid() == 0:
            pwd.getpwnam("postgres")
        return bool(find_program(name))
    return False


def find_program(name: str) -> str:
    """Where it is installed; raises `ServiceFailed` if it is not."""
    newest_first = sorted(Path(POSTGRES_BINARIES).glob("*/bin"), reverse=True)
    path = os.pathsep.join([os.environ.get("PATH", ""), *map(str, newest_first)])
    if found := shutil.which(name, path=path):
        return found
    raise ServiceFailed(f"{name} is not installed.")
