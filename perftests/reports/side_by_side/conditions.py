"""Under what several runs were measured: what differs, and what has to be the same."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ...measure.units import MISSING, format_value
from ...records import environment
from ...records.results import Report

LIKE_WITH_LIKE = frozenset(
    {
        *("CPU", "cores", "memory", "system", "kernel"),
        *("database", "channel layer", "server", "settings"),
    }
)
"""Where one of these is another, times and sizes say nothing of the code or its requirements."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that runs were measured under, in words, one of each run."""

    name: str
    texts: tuple[str, ...]

    @property
    def forbids(self) -> bool:
        """Whether nothing can be concluded from times and sizes, as this is not the same."""
        return self.name in LIKE_WITH_LIKE


def differing(reports: Sequence[Report]) -> Iterator[Condition]:
    """The conditions that are not the same in all of these runs."""
    told = [conditions(report) for report in reports]
    for name in dict.fromkeys(name for each in told for name in each):
        texts = tuple(each.get(name) or MISSING for each in told)
        if len(set(texts)) > 1:
            yield Condition(name, texts)


def conditions(report: Report) -> dict[str, str]:
    """What a run was measured under, by name; empty where it does not say."""
    ran_on = report.environment
    database = ran_on.get("database") or {}
    told = {
        "scale": report.parameters.get("scale"),
        "code": environment.code(ran_on),
        "CPU": ran_on.get("cpu"),
        "cores": ran_on.get("cores"),
        "memory": _memory(ran_on.get("memory_bytes")),
        "system": ran_on.get("os"),
        "kernel": ran_on.get("kernel"),
        "database": f"{database.get('vendor', '')} {database.get('version', '')}".strip(),
        "channel layer": ran_on.get("channel_layer"),
        "server": ran_on.get("server"),
        "settings": ran_on.get("settings_digest"),
        "Python": ran_on.get("python"),
        **(ran_on.get("packages") or {}),
    }
    return {name: str(value or "") for name, value in told.items()}


def speed(reports: Sequence[Report]) -> Iterator[Condition]:
    """How fast and how noisy the machine was in each run, which is never the same."""
    calibration = tuple(_calibration(report.environment) for report in reports)
    yield Condition("calibration, ms", calibration)
    floors = (report.environment.get("noise_floor_percent") for report in reports)
    yield Condition("noise floor", tuple(format_value(floor, "%") for floor in floors))


def _memory(size: float | None) -> str:
    return "" if size is None else format_value(size / 1e9, "GB")


def _calibration(ran_on: dict[str, Any]) -> str:
    times = (ran_on.get("calibration") or {}).items()
    return ", ".join(f"{name.removesuffix('_ms')} {time:.1f}" for name, time in times)
