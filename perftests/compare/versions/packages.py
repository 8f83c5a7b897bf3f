"""Packages that one side needs in other versions: installed by pip into a folder beside ours."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ...exceptions import PerftestsError

DISTRIBUTION = "django-durable-notifications"
REQUIREMENTS = "requirements.txt"
INSTALLING_SECONDS = 900


class UninstallablePackages(PerftestsError):
    """pip could not install what a side needs; the message has its last words."""


def required_by(revision: Path, project: Path) -> Path | None:
    """The folder of the packages for which `revision` has other requirements than `project`.

    `None` where there are none; what only `project` requires is installed anyway. The folder is
    kept for later comparisons. Raises `UninstallablePackages`.
    """
    other = sorted(_requirements(revision) - _requirements(project))
    if not other:
        return None
    folder = _cache() / _digest(other)
    if not folder.exists():
        list_of_them = revision / f"other-{REQUIREMENTS}"
        list_of_them.write_text("\n".join(other))
        _install_whole(folder, ["-r", str(list_of_them)])
    return folder


def install_release(version: str, folder: Path) -> None:
    """Install a release of ours into `folder`, without what it depends on and its `perftests`:
    those that measure are the ones of this checkout.

    Raises `UninstallablePackages`, for instance where there is no such version.
    """
    _pip(["--no-deps", f"{DISTRIBUTION}=={version}"], folder)
    shutil.rmtree(folder / "perftests", ignore_errors=True)


def _requirements(project: Path) -> set[str]:
    """The lines of the file that say something."""
    try:
        lines = (project / REQUIREMENTS).read_text().splitlines()
    except FileNotFoundError:
        return set()
    return {line for raw in lines if (line := raw.partition("#")[0].strip())}


def _digest(requirements: Sequence[str]) -> str:
    text = "\n".join([sys.version, *requirements])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _cache() -> Path:
    """Where the system keeps what can be made again."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / DISTRIBUTION / "packages"


def _install_whole(folder: Path, arguments: Sequence[str]) -> None:
    """Beside it first, so that a folder that is there is whole, whoever installs it as well."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        _pip(arguments, beside)
        if not folder.exists():
            beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _pip(arguments: Sequence[str], folder: Path) -> None:
    quietly = ["--quiet", "--disable-pip-version-check", "--no-input"]
    command = [sys.executable, "-m", "pip", "install", *quietly, "--target", str(folder)]
    try:
        done = subprocess.run(
            [*command, *arguments], capture_output=True, text=True, timeout=INSTALLING_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise UninstallablePackages(f"pip took longer than {INSTALLING_SECONDS} s.") from None
    if done.returncode:
        words = done.stderr.strip().splitlines() or ["(nothing)"]
        raise UninstallablePackages(
            f"pip cannot install {' '.join(arguments)}: {words[-1].removeprefix('ERROR: ')}"
        )
