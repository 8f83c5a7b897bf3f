"""The report as JSON, for programs; `format_version` tells them what to expect."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from ..exceptions import UnreadableReport
from ..records import codec
from ..records.codec import without
from ..records.results import FORMAT_VERSION, Report
from . import files

RENAMED_IN_2 = {
    "asked": "required",
    "asked_verdict": "required_verdict",
    "ours": "goal",
    "ours_verdict": "goal_verdict",
}


class Versioned(msgspec.Struct):
    """What is known of a report of any version."""

    format_version: int


class Result1(msgspec.Struct):
    """What version 1 wrote otherwise."""

    metrics: list[dict[str, Any]]


class Report1(msgspec.Struct):
    """Where version 1 wrote it."""

    results: list[Result1]


def text(report: Report) -> str:
    """The report as JSON for programs and people."""
    return msgspec.json.format(codec.encode(report), indent=2).decode() + "\n"


def write(report: Report, path: Path) -> None:
    """Write the report to `path`; raises `UnwritableOutput` where that fails."""
    files.write(text(report).encode(), path)


def read(path: Path) -> Report:
    """The report in the file at `path`, also one that an earlier version of the format wrote.

    The verdicts are computed anew. Raises `UnreadableReport` where there is no whole report, or
    one of a version that is not known here.
    """
    try:
        content = path.read_bytes()
        version = msgspec.json.decode(content, type=Versioned).format_version
        if upgrade := UPGRADES.get(version):
            return codec.from_builtins(upgrade(msgspec.json.decode(content)), Report)
    except OSError as error:
        raise UnreadableReport(f"{path} cannot be read: {error.strerror}.") from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise UnreadableReport(
            f"{path} is no report, or a damaged one ({error}); perf show RUN --output FILE writes "
            "that of a stored run again."
        ) from None
    raise UnreadableReport(
        f"{path} has format version {version}, and only {' and '.join(map(str, UPGRADES))} can be "
        "read here; read it with the version of perftests that wrote it."
    )


def _from_1(report: dict[str, Any]) -> dict[str, Any]:
    """The targets had other names, and were empty texts where there was none."""
    msgspec.convert(report, Report1)
    for result in report["results"]:
        result["metrics"] = [
            without("", {RENAMED_IN_2.get(name, name): metric[name] for name in metric})
            for metric in result["metrics"]
        ]
    return report


UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {
    1: _from_1,
    FORMAT_VERSION: lambda report: report,
}
