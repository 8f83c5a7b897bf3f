"""What a run ran on: hardware, system, versions, commit, and how fast and noisy the machine is."""

import json
import os
import platform
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import psutil

from . import stats
from .units import format_value, milliseconds

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
NOISE_PAIRS = 10
JSON_OBJECT = {"items": [{"id": i, "title": f"title {i}", "read": False} for i in range(500)]}


def describe(directory: Path | None = None) -> dict[str, Any]:
    """The environment as plain data for JSON; it takes a tenth of a second.

    `git` is that of `directory` (default: the current one), None outside of a checkout.
    """
    return {
        "cpu": cpu_model(),
        "cores": _cores(),
        "memory_bytes": psutil.virtual_memory().total,
        "kernel": f"{platform.system()} {platform.release()}",
        "os": _operating_system(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": _package_versions(),
        "git": git_state(directory or Path.cwd()),
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
    ]
    if git := environment["git"]:
        parts.append(git["commit"][:7] + (" + changes" if git["dirty"] else ""))
    return ", ".join(parts)


def cpu_model() -> str:
    """The processor's name as the kernel gives it, else its architecture."""
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def git_state(directory: Path) -> dict[str, Any] | None:
    """`{"commit": …, "dirty": …}`; None outside of a checkout or without git.

    Dirty means changes to files that git knows; a report lying in the tree changes no code.
    """
    commit = _git(directory, "rev-parse", "HEAD")
    changes = _git(directory, "status", "--porcelain", "--untracked-files=no")
    if commit is None or changes is None:
        return None
    return {"commit": commit, "dirty": bool(changes)}


def calibrate() -> dict[str, float]:
    """How long fixed work takes here in ms, to tell a slower machine from slower code."""
    workloads = {"loop_ms": _loop, "json_ms": _json, "sqlite_ms": _sqlite}
    return {
        name: stats.median([_milliseconds(workload) for _ in range(CALIBRATION_REPEATS)])
        for name, workload in workloads.items()
    }


def noise_floor_percent() -> float:
    """How far the ratio of two runs of the same code strays from 1 here: smaller is no finding.

    It is the farther end of the interval of the median ratio over ten A/A pairs.
    """
    ratio = stats.median_ratio(
        [(_milliseconds(_loop), _milliseconds(_loop)) for _ in range(NOISE_PAIRS)]
    )
    return 100 * max(ratio.high - 1, 1 - ratio.low)


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
        with suppress(PackageNotFoundError):
            versions[package] = version(package)
    return versions


def _git(directory: Path, *arguments: str) -> str | None:
    """What git prints; None where it fails."""
    if not (git := shutil.which("git")):
        return None
    # Without optional locks `status` never stands in the way of a commit made meanwhile.
    command = [git, "-C", str(directory), "--no-optional-locks", *arguments]
    try:
        finished = subprocess.run(
            command, capture_output=True, text=True, timeout=GIT_TIMEOUT_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return finished.stdout.strip()


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
