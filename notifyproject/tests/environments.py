"""Virtual environments of a test's own, filled from the registry by uv."""

import json
import subprocess
import sys

from django.conf import settings

LIMIT_SECONDS = 300


def run(*words):
    """What the command printed; `AssertionError` with all of it where it failed."""
    done = subprocess.run(
        [str(word) for word in words],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    if done.returncode:
        raise AssertionError(f"{words}: {done.stdout}{done.stderr}")
    return done.stdout


def build_wheel(folder):
    """The one file that `pip wheel .` gives."""
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, ".")
    (wheel,) = folder.iterdir()
    return wheel


class Environment:
    """In an empty folder, of the kind of the interpreter that runs the tests."""

    def __init__(self, folder, *requirements):
        self.python = folder / "bin" / "python"
        run(sys.executable, "-m", "uv", "venv", "--quiet", "--python", sys.executable, folder)
        self.install(*requirements)

    def install(self, *requirements):
        self._pip("install", "--quiet", *requirements)

    def distributions(self):
        """The names of all that is installed."""
        return {one["name"] for one in json.loads(self._pip("list", "--format", "json"))}

    def _pip(self, command, *words):
        uv = [sys.executable, "-m", "uv", "pip", command]
        return run(*uv, "--python", self.python, *words)
