"""What git says of a checkout, whoever owns it and whatever hook we run in."""

import os
import subprocess
from pathlib import Path


def run_git(
    directory: Path, *arguments: str, timeout_seconds: float
) -> "subprocess.CompletedProcess[bytes]":
    """Run git in `directory`; its exit status is for the caller to look at.

    Raises `FileNotFoundError` where there is no git, and `subprocess.TimeoutExpired`.
    """
    # Without optional locks `status` never stands in the way of a commit made meanwhile. Its owner
    # need not be trusted more than the code in it, which is imported already.
    options = ["-C", str(directory), "--no-optional-locks", "-c", "safe.directory=*"]
    # GIT_DIR and others would name another repository, the one that runs a hook for instance.
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(
        ["git", *options, *arguments],  # noqa: S607 - wherever the user has it
        env=own,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=timeout_seconds,
    )
