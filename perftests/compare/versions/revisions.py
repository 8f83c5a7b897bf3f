"""A revision of the project as a folder, without a trace in its repository."""

import subprocess
import tarfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path

from ...exceptions import PerftestsError
from ...processes.git import run_git

GIT_SECONDS = 60


class UnusableRevision(PerftestsError):
    """A REF that cannot be measured."""


def commit_of(ref: str, project: Path) -> str:
    """The commit that `ref` names in the checkout of `project`.

    Raises `UnusableRevision` without git or a checkout, or where there is no such commit.
    """
    git(project, "rev-parse", "--show-toplevel", problem=f"{project} is in no checkout of git")
    problem = f"--against {ref}: there is no such commit, branch or tag"
    if git(project, "rev-parse", "--is-shallow-repository").strip() == b"true":
        problem += " in this shallow clone; git fetch --unshallow brings the others"
    found = git(
        project, "rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}", problem=problem
    )
    return found.decode().strip()


def newest_refs(project: Path, most: int) -> list[str]:
    """Names of branches and tags, the newest first; none where there is no git or checkout."""
    chosen = ("--sort=-creatordate", f"--count={most}", "--format=%(refname:short)")
    with suppress(UnusableRevision):
        return git(project, "for-each-ref", *chosen, "refs/heads", "refs/tags").decode().split()
    return []


def is_dirty(project: Path) -> bool:
    """Whether files that git knows differ from the commit."""
    return bool(git(project, "status", "--porcelain", "--untracked-files=no"))


def extract(commit: str, project: Path, folder: Path) -> None:
    """Write what `project` was at `commit` into `folder`, but for its `perftests`: those that
    measure are the ones of this checkout, for both sides.

    Raises `UnusableRevision` where `project` has a package `notifications` and the commit has not.
    """
    archive = git(project, "archive", "--format=tar", commit)
    with tarfile.open(fileobj=BytesIO(archive)) as tar:
        theirs = [m for m in tar.getmembers() if Path(m.name).parts[0] != "perftests"]
        tar.extractall(folder, theirs, filter="data")
    product = Path("notifications") / "__init__.py"
    if (project / product).exists() and not (folder / product).exists():
        raise UnusableRevision(f"Commit {commit[:12]} has no package notifications to measure.")


def git(project: Path, *arguments: str, problem: str = "") -> bytes:
    """What git answers in `project`; raises `UnusableRevision` with the `problem` or its words."""
    try:
        done = run_git(project, *arguments, timeout_seconds=GIT_SECONDS)
    except FileNotFoundError:
        raise UnusableRevision("--against needs git, and there is none on the path.") from None
    except subprocess.TimeoutExpired:
        raise UnusableRevision(f"git {arguments[0]} took longer than {GIT_SECONDS} s.") from None
    if done.returncode:
        words = " ".join(done.stderr.decode(errors="replace").split())
        raise UnusableRevision(f"{problem or words}.")
    return done.stdout
