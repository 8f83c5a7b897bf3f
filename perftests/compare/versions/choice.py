"""The two versions that a REF asks to compare, as sides."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import notifications

from ...processes import interpreter
from ...processes.folder import RunFolder
from ..sides import Side
from .packages import DISTRIBUTION, install_release, required_by
from .revisions import commit_of, extract, is_dirty

SAME = "."
"""The REF that names the code as it is here: both sides are the same, which shows the noise."""

RELEASE = "pypi:"
"""What a REF begins with that names a version of the distribution."""


@contextmanager
def two_sides(ref: str) -> Iterator[tuple[Side, Side]]:
    """Baseline and candidate; the folder of the baseline lives as long as the block.

    Raises `UnusableRevision` or `UninstallablePackages` where there is no such baseline.
    """
    project = _project()
    here = Side(_name(project))
    if ref == SAME:
        yield here, here
        return
    folder = RunFolder()
    try:
        yield _baseline(ref, project, folder.path), here
    finally:
        folder.remove()


def _project() -> Path:
    """The folder of the settings, whose checkout it is; `notifications` may be installed."""
    return Path(interpreter.project_folder() or Path(str(notifications.__file__)).parent.parent)


def _baseline(ref: str, project: Path, folder: Path) -> Side:
    if ref.startswith(RELEASE):
        version = ref.removeprefix(RELEASE)
        install_release(version, folder)
        return Side(f"{DISTRIBUTION} {version}", folder)
    commit = commit_of(ref, project)
    extract(commit, project, folder)
    return Side(f"{ref} ({commit[:12]})", folder, required_by(folder, project))


def _name(project: Path) -> str:
    changed = " with changes" if is_dirty(project) else ""
    return commit_of("HEAD", project)[:12] + changed
