"""Processes that import the very code that this process has imported, whatever the current folder
and the variables of the environment say.

Python puts the current folder first on the path for `-m` and `-c`, and so do Daphne and uvicorn.
This file is also the script with which such a process begins, so it imports nothing of ours.
"""

import json
import os
import re
import runpy
import sys
from importlib.util import find_spec
from types import ModuleType

PACKAGES = ("notifications", "perftests", "channels", "django")
"""What has to be the same file here and there."""

FOREIGN = re.compile(
    "GIT_"  # another repository
    # Another interpreter: without `assert`, with a hash seed, with a debugger.
    "|PYTHON(?!DONTWRITEBYTECODE|HOME|IOENCODING|NOUSERSITE|PYCACHEPREFIX|USERBASE|UTF8)[A-Z]"
    "|UVICORN_|WEB_CONCURRENCY$|FORWARDED_ALLOW_IPS$"  # another server
    "|PERF_(NOTIFICATIONS|CHANNEL_LAYERS|DATABASE)$"  # a test gives them to its own server
)
"""Variables that would change what a process is, and so what is measured."""


def command(module: str, *arguments: str) -> list[str]:
    """The command that runs `module` as `python -m` would; it needs `environment()`."""
    bytecode = ["-B"] if sys.dont_write_bytecode else []
    return [sys.executable, "-P", *bytecode, __file__, module, *arguments]


def environment() -> dict[str, str]:
    """The variables of this process without the foreign ones, and what it imports from where."""
    inherited = {name: value for name, value in os.environ.items() if not FOREIGN.match(name)}
    loaded = {name: sys.modules[name].__file__ for name in PACKAGES if name in sys.modules}
    imports = {"path": [_absolute(entry) for entry in sys.path], "files": loaded}
    return {**inherited, "PERF_IMPORTS": json.dumps(imports)}


def project_folder() -> str | None:
    """Where the package of the settings lies, which is on the path; `None` if it is not known.

    The current folder of the processes: theirs is first on the path of a server.
    """
    name = os.environ.get("DJANGO_SETTINGS_MODULE", "").partition(".")[0]
    module = sys.modules.get(name)
    if module is None:
        return None
    return os.path.dirname(os.path.abspath(_location(module)))


def _location(module: ModuleType) -> str:
    """The folder of a package, the file of a module."""
    return str(next(iter(getattr(module, "__path__", [module.__file__]))))


def _absolute(entry: str) -> str:
    # An entry that is no folder may be the name of a hook of an editable installation.
    return os.path.abspath(entry) if os.path.exists(entry or os.curdir) else entry


def _require_same_files(files: dict[str, str]) -> None:
    for name, expected in files.items():
        spec = find_spec(name)
        found = spec.origin if spec else None
        if found is None or os.path.realpath(found) != os.path.realpath(expected):
            sys.exit(
                f"{name} would be imported from {found} here, and is measured from {expected}: "
                "what is measured would not be what is written down."
            )


def _main() -> None:
    imports = json.loads(os.environ["PERF_IMPORTS"])
    sys.path[:] = imports["path"]
    _require_same_files(imports["files"])
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
