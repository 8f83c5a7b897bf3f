"""A Python environment of its own, for what cannot be installed beside the project."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path


class RegistryUnreachable(AssertionError):
    """pip finds what there is nowhere."""


class OwnEnvironment:
    """What is installed where the tests run is there, too, behind its own."""

    def __init__(self, folder):
        _run(sys.executable, "-m", "venv", folder).check_returncode()
        self._python = folder / "bin" / "python"
        ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
        packages = Path(_run(self._python, "-c", ask).stdout.strip())
        (packages / "behind.pth").write_text(sysconfig.get_path("purelib"))

    def pip(self, *words):
        ran = _run(self._python, "-m", "pip", "--disable-pip-version-check", *words)
        if ran.returncode:
            unreachable = "No matching distribution found" in ran.stderr
            raise (RegistryUnreachable if unreachable else AssertionError)(ran.stderr)

    def python(self, *words, folder, **variables):
        """Run it to its end, good or bad."""
        return _run(self._python, *words, folder=folder, **variables)


def _run(*words, folder=None, **variables):
    """Without the settings of this project."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DJANGO_", "PERF_", "PYTHONPATH"))
    }
    return subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env=inherited | variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
