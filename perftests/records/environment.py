"""What a run ran on: hardware, system, versions, commit, and how fast and noisy the machine is."""

import json
import os
import platform
import re
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.metadata import (
    PackageNotFoundError,
    distribution,
    packages_distributions,
    version,
)
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import psutil

from ..measure import stats
from ..measure.units import format_value, milliseconds
from ..processes.git import run_git

PACKAGES = (
    "django",
    "channels",
    "channels-redis",
    "daphne",
    "uvicorn",
    "uvloop",
    "websockets",
    "twisted",
    "autobahn",
    "redis",
    "hiredis",
    "psycopg",
    "msgspec",
    "picows",
    "psutil",
)
GIT_TIMEOUT_SECONDS = 10
CALIBRATION_REPEATS = 5
NOISE_PAIRS = 30
"""They take 0.4 s. Of ten pairs the floor is 2 to 5 % on a quiet machine, of these 1 to 2 %."""

NOISE_FLOOR_VARIABLE = "PERF_NOISE_FLOOR_PERCENT"
"""By it the process that measures hears of the floor of its run."""

CPU_FILLERS = re.compile(r"\((R|TM)\)|\b(CPU|Processor)\b")

JSON_OBJECT = {"items": [{"id": i, "title": f"title {i}", "read": False} for i in range(500)]}


def describe(package: Path) -> dict[str, Any]:
    """The environment as plain data for JSON; it takes a tenth of a second.

    `package` is the folder of the imported package that is measured; `git` tells of the checkout
    that it belongs to. Without one, `installed` is the distribution that it came with.
    """
    git = git_state(package)
    return {
        "cpu": cpu_model(),
        "cores": _cores(),
        "memory_bytes": psutil.virtual_memory().total,
        "kernel": f"{platform.system()} {platform.release()}",
        "os": _operating_system(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": _package_versions(),
        "git": git,
        "installed": None if git else distribution_of(package),
        "load_average": list(psutil.getloadavg()),
        "calibration": calibrate(),
        "noise_floor_percent": noise_floor_percent(),
    }


def short(environment: dict[str, Any]) -> str:
    """One line for lists, such as "AMD EPYC 7763, 2 cores, 25 GB, CPython 3.11.7, f74acf9"."""
    parts = [
        environment["cpu"],
        f"{environment['cores']} cores",
        format_value(environment["memory_bytes"] / 1e9, "GB"),
        environment["python"],
        code(environment),
    ]
    return ", ".join(filter(None, parts))


def machine(environment: dict[str, Any]) -> str:
    """Processor and cores in few words, such as "AMD EPYC 7763, 2 cores"."""
    cpu, cores = str(environment.get("cpu") or ""), environment.get("cores")
    words = CPU_FILLERS.sub(" ", cpu.partition("@")[0]).split()
    return ", ".join(filter(None, [" ".join(words), f"{cores} cores" if cores else ""]))


def code(environment: dict[str, Any]) -> str:
    """What was measured, such as "f74acf9 + changes" or an installed version; "" if unknown."""
    if git := environment.get("git"):
        return str(git["commit"][:7]) + (" + changes" if git["dirty"] else "")
    return environment.get("installed") or ""  # which older runs do not have


def cpu_model() -> str:
    """The processor's name as the kernel gives it, else its architecture."""
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def git_state(package: Path) -> dict[str, Any] | None:
    """`{"commit": …, "dirty": …, "branch": …, "tag": …}` of the checkout that has the package under
    version control; None outside of any, or without git.

    Branch and tag are empty where the checkout is on none; of several tags, it is that of the
    highest version. Dirty means that the commit does not tell all of the code: files that git knows
    are changed, or there are modules that it does not know. A report lying there changes no code.
    """
    package = package.resolve()
    if not _git(package, "ls-files", "--", "__init__.py"):
        return None  # such as an environment of packages that lies inside of another repository
    commit = _git(package, "rev-parse", "HEAD")
    changed = _git(package, "status", "--porcelain", "--untracked-files=no", "--", ":/")
    new = _git(package, "ls-files", "--others", "--exclude-standard", "--", ":/*.py")
    if commit is None or changed is None or new is None:
        return None
    branch = _git(package, "branch", "--show-current") or ""
    tags = _git(package, "tag", "--points-at", "HEAD", "--sort=version:refname") or ""
    return {
        "commit": commit,
        "dirty": bool(changed or new),
        "branch": branch,
        "tag": tags.rpartition("\n")[2],
    }


def distribution_of(package: Path) -> str | None:
    """Name and version of the installed distribution that the package belongs to, if to any."""
    for name in packages_distributions().get(package.name, ()):
        found = distribution(name)
        if Path(str(found.locate_file(package.name))).resolve() == package.resolve():
            return f"{name} {found.version}"
    return None


def calibrate() -> dict[str, float]:
    """How long fixed work takes here in ms, to tell a slower machine from slower code."""
    workloads = {"loop_ms": _loop, "json_ms": _json, "sqlite_ms": _sqlite}
    return {
        name: stats.median([_milliseconds(workload) for _ in range(CALIBRATION_REPEATS)])
        for name, workload in workloads.items()
    }


def noise_floor_percent() -> float:
    """How far the ratio of two runs of the same code strays from 1 here: smaller is no finding.

    It is the farther end of the interval of the median ratio over thirty A/A pairs.
    """
    ratio = stats.median_ratio(
        [(_milliseconds(_loop), _milliseconds(_loop)) for _ in range(NOISE_PAIRS)]
    )
    return 100 * max(ratio.interval.high - 1, 1 - ratio.interval.low)


@cache
def floor_of_run() -> float:
    """The noise floor of the run that this process measures for; its own where there is none."""
    known = os.environ.get(NOISE_FLOOR_VARIABLE)
    return noise_floor_percent() if known is None else float(known)


def _cores() -> int:
    """The cores that this process may use, which a container may limit."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _operating_system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.platform()


def _package_versions() -> dict[str, str]:
    versions = {}
    for package in PACKAGES:
        with suppress(PackageNotFoundError):  # not every site has each
            versions[package] = version(package)
    return versions


def _git(directory: Path, *arguments: str) -> str | None:
    """What git prints; None where it fails."""
    try:
        done = run_git(directory, *arguments, timeout_seconds=GIT_TIMEOUT_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return None
    return None if done.returncode else done.stdout.decode(errors="replace").strip()


def _milliseconds(workload: Callable[[], object]) -> float:
    begun = perf_counter_ns()
    workload()
    return milliseconds(perf_counter_ns() - begun)


def _loop() -> int:
    total = 0
    for number in range(100_000):
        total += number % 7
    return total


def _json() -> object:
    return json.loads(json.dumps(JSON_OBJECT))


def _sqlite() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, title TEXT)")
    connection.executemany(
        "INSERT INTO item (title) VALUES (?)", ((f"title {i}",) for i in range(2_000))
    )
    connection.close()
