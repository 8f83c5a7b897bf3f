"""The report as OpenMetrics text, for Prometheus: its textfile collector, or a scrape."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import choose_encoder
from prometheus_client.openmetrics.exposition import generate_latest

from ...records.results import Report, Result
from ...records.targets import Target, Verdict

VERDICTS = {Verdict.FAIL: 0, Verdict.INCONCLUSIVE: 0.5, Verdict.PASS: 1}


def render(report: Report) -> str:
    """Verdicts (1 pass, 0.5 in doubt, 0 fail), values with their limits, and when the run began."""
    return str(generate_latest(_registry(report)).decode())  # type: ignore[no-untyped-call]  # untyped


def negotiated(report: Report | None, accept: str) -> tuple[bytes, str]:
    """The same in what an `Accept` header prefers, OpenMetrics or Prometheus' own text, and its
    content type. Without a report there are no samples."""
    encode, content_type = choose_encoder(accept)
    return encode(_registry(report) if report else CollectorRegistry()), content_type


def _registry(report: Report) -> CollectorRegistry:
    registry = CollectorRegistry()
    _gauge(
        registry,
        "run_verdict",
        "1 pass, 0.5 inconclusive, 0 fail",
        [],
        [([], VERDICTS[report.verdict])],
    )
    started = datetime.fromisoformat(report.started_at).timestamp()
    _gauge(registry, "run_started_seconds", "When the run began, Unix time", [], [([], started)])
    _gauge(registry, "run_duration_seconds", "How long it took", [], [([], report.seconds)])
    tests = ["suite", "row", "test"]
    verdicts = [(_labels(r), VERDICTS[r.verdict]) for r in report.results]
    _gauge(registry, "test_verdict", "1 pass, 0.5 inconclusive, 0 fail", tests, verdicts)
    values, limits = [*_values(report.results)], [*_limits(report.results)]
    metric = [*tests, "metric", "unit"]
    _gauge(registry, "metric", "A measured value, in the unit of its label", metric, values)
    limit = [*metric, "kind", "operator"]
    _gauge(registry, "limit", "What a value has to keep", limit, limits)
    return registry


def _gauge(
    registry: CollectorRegistry,
    name: str,
    meaning: str,
    labels: list[str],
    values: Iterable[tuple[list[str], float]],
) -> None:
    gauge = Gauge(f"perf_{name}", meaning, labels, registry=registry)
    for texts, value in values:
        (gauge.labels(*texts) if labels else gauge).set(value)


def _labels(result: Result) -> list[str]:
    return [result.suite, result.row, result.test]


def _values(results: Iterable[Result]) -> Iterator[tuple[list[str], float]]:
    for result in results:
        for metric in result.metrics:
            if metric.value is not None:
                yield [*_labels(result), metric.name, metric.unit], metric.value


def _limits(results: Iterable[Result]) -> Iterator[tuple[list[str], float]]:
    for result in results:
        for metric in result.metrics:
            named: dict[str, Target | None] = {"required": metric.required, "goal": metric.goal}
            for kind, target in named.items():
                if target is not None:
                    labels = [*_labels(result), metric.name, metric.unit]
                    yield [*labels, kind, target.operator], target.limit
