"""A report that was written elsewhere, before it is stored here."""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from ..exceptions import UnreadableReport
from ..measure.histogram import LatencyHistogram
from ..records import codec
from ..records.results import Report
from . import json


class Git(msgspec.Struct):
    """The checkout that was measured."""

    commit: str
    dirty: bool
    branch: str = ""
    tag: str = ""


class Database(msgspec.Struct):
    """Where the rows of the run were."""

    vendor: str
    version: str


class Environment(msgspec.Struct):
    """What is shown of what a run ran on, and compared; older runs do not have all of it."""

    cpu: str
    cores: int
    memory_bytes: float
    kernel: str
    os: str
    python: str
    packages: dict[str, str]
    load_average: list[float]
    calibration: dict[str, float]
    noise_floor_percent: float
    database: Database
    channel_layer: str
    server: str
    settings_digest: str
    git: Git | None = None
    installed: str | None = None


class Parameters(msgspec.Struct):
    """The same of what it was told to do: a comparison has no scale."""

    scale: str = ""
    server: str = ""
    against: str = ""
    workloads: dict[str, dict[str, Any]] = {}


class Shown(msgspec.Struct):
    """What every page takes for granted of a stored run."""

    parameters: Parameters
    environment: Environment


def read_whole(path: Path) -> Report:
    """The report in a JSON file, with all that is shown of a run.

    Raises `UnreadableReport` where there is none, or where a part is missing or of another kind.
    """
    report = json.read(path)
    try:
        if datetime.fromisoformat(report.started_at).tzinfo is None:
            raise ValueError("started_at has no time zone")
        codec.from_builtins(
            {"parameters": report.parameters, "environment": report.environment}, Shown
        )
        for result in report.results:
            for histogram in result.histograms.values():
                LatencyHistogram.decode(histogram)
    except (msgspec.ValidationError, ValueError) as error:
        raise UnreadableReport(f"{path} is not whole: {error}.") from None
    return report
