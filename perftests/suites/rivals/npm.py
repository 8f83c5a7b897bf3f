"""Packages of npm in a folder of their own, kept for later runs."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from perftests.load.services.programs import find_program
from perftests.load.services.service import ServiceFailed

PACKAGES = ("ws@8", "socket.io@4")
INSTALLING_SECONDS = 300


def packages() -> Path:
    """The folder in which `PACKAGES` are installed.

    Raises `ServiceFailed` where npm is missing or cannot install them.
    """
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(root) / "django-durable-notifications" / "npm" / "-".join(PACKAGES)
    if not folder.exists():
        _install_whole(folder)
    return folder


def _install_whole(folder: Path) -> None:
    """Beside it first, so that a folder that is there is whole, whoever installs it as well."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        _npm(beside)
        if not folder.exists():
            beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _npm(folder: Path) -> None:
    quietly = ("--no-audit", "--no-fund", "--loglevel=error")
    command = [find_program("npm"), "install", *quietly, "--prefix", str(folder), *PACKAGES]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALLING_SECONDS)
    except subprocess.TimeoutExpired:
        raise ServiceFailed(f"npm took longer than {INSTALLING_SECONDS} s.") from None
    if done.returncode:
        raise ServiceFailed(f"npm cannot install {' '.join(PACKAGES)}: {done.stderr[-300:]}")
