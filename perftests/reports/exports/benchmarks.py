"""The report for two services that draw benchmarks over commits.

`bencher` is the Bencher Metric Format (https://bencher.dev/docs/reference/bencher-metric-format/).
github-action-benchmark (https://github.com/benchmark-action/github-action-benchmark) takes a list
of what is better when it is smaller, and another of what is better when it is bigger.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from ...records.results import Report
from ...records.targets import Better, Metric


def bencher(report: Report) -> str:
    """By row and metric, the value with its interval, as the measure of its unit."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for name, metric in _judged(report):
        measure = {"value": metric.value or 0.0}
        if metric.interval:
            measure |= {"lower_value": metric.interval.low, "upper_value": metric.interval.high}
        found[name] = {metric.unit or "count": measure}
    return _json(found)


def smaller_is_better(report: Report) -> str:
    """`customSmallerIsBetter` of github-action-benchmark."""
    return _json([_entry(name, m) for name, m in _judged(report) if m.better == "lower"])


def bigger_is_better(report: Report) -> str:
    """`customBiggerIsBetter` of github-action-benchmark."""
    better: Better = "higher"
    return _json([_entry(name, m) for name, m in _judged(report) if m.better == better])


def _judged(report: Report) -> Iterator[tuple[str, Metric]]:
    """What can be better or worse, and was measured, each by a name of its own.

    That is of its row, or of its test where another one of the row measures the same.
    """
    found = [(r, m) for r in report.results for m in r.metrics if m.better and m.value is not None]
    times = Counter((result.row, metric.name) for result, metric in found)
    for result, metric in found:
        alone = result.row and times[result.row, metric.name] == 1
        yield f"{result.row if alone else result.test} {metric.name}", metric


def _entry(name: str, metric: Metric) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": name,
        "unit": metric.unit or "count",
        "value": metric.value,
    }
    if metric.interval:
        entry["range"] = f"{metric.interval.low:g} to {metric.interval.high:g}"
    return entry


def _json(content: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode() + "\n"
