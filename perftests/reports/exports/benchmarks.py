"""The report for two services that draw benchmarks over commits.

`bencher` is the Bencher Metric Format (https://bencher.dev/docs/reference/bencher-metric-format/).
github-action-benchmark (https://github.com/benchmark-action/github-action-benchmark) takes a list
of what is better when it is smaller, and another of what is better when it is bigger.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from ...records.results import Report, Result
from ...records.targets import Better, Metric


def bencher(report: Report) -> str:
    """By row and metric, the value with its interval, as the measure of its unit."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for result, metric in _judged(report):
        measure = {"value": metric.value or 0.0}
        if metric.interval:
            measure |= {"lower_value": metric.interval.low, "upper_value": metric.interval.high}
        found[_name(result, metric)] = {metric.unit or "count": measure}
    return _json(found)


def smaller_is_better(report: Report) -> str:
    """`customSmallerIsBetter` of github-action-benchmark."""
    return _json([_entry(r, m) for r, m in _judged(report) if m.better == "lower"])


def bigger_is_better(report: Report) -> str:
    """`customBiggerIsBetter` of github-action-benchmark."""
    better: Better = "higher"
    return _json([_entry(r, m) for r, m in _judged(report) if m.better == better])


def _judged(report: Report) -> Iterator[tuple[Result, Metric]]:
    """What can be better or worse, and was measured."""
    for result in report.results:
        for metric in result.metrics:
            if metric.better and metric.value is not None:
                yield result, metric


def _entry(result: Result, metric: Metric) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": _name(result, metric),
        "unit": metric.unit or "count",
        "value": metric.value,
    }
    if metric.interval:
        entry["range"] = f"{metric.interval.low:g} to {metric.interval.high:g}"
    return entry


def _name(result: Result, metric: Metric) -> str:
    return f"{result.row or result.test} {metric.name}"


def _json(content: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode() + "\n"
