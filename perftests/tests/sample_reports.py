"""A report of every kind of result, for the tests of what prints and writes reports."""

from perftests.records.results import Outcome, Report, Result, State
from perftests.records.targets import Metric, Target

ENVIRONMENT = {
    "cpu": "A processor",
    "cores": 2,
    "memory_bytes": 8_000_000_000,
    "kernel": "Linux 6.1",
    "os": "Debian",
    "python": "CPython 3.11.7",
    "packages": {"django": "5.2.1", "channels": "4.3.2"},
    "git": {"commit": "0123456789abcdef", "dirty": False},
    "load_average": [0.5, 0.25, 0.125],
    "calibration": {"loop_ms": 3.0, "json_ms": 0.5, "sqlite_ms": 1.5},
    "noise_floor_percent": 2.5,
    "database": {"vendor": "sqlite", "version": "3.40.1"},
    "channel_layer": "notifications.layers.InProcessChannelLayer",
    "server": "daphne",
    "settings_digest": "abcdef012345",
}

PASSED = Result(
    test="app.tests.Delivery.test_rate",
    suite="notification",
    row="N1",
    title="High-volume delivery",
    outcome=Outcome.COMPLETED,
    seconds=75.0,
    metrics=(
        Metric("rate", 1500, "/s", "higher", required=Target(">", 100), goal=Target(">", 2000)),
        Metric("p99", None, "ms", "lower", goal=Target("<", 50), doubt="only 5 samples"),
    ),
    notes=("Sent [bold]one by one[/bold].",),
)
MISSED = Result(
    test="app.tests.Delivery.test_lost",
    suite="notification",
    row="N2",
    title="Nothing is lost",
    outcome=Outcome.COMPLETED,
    seconds=0.5,
    metrics=(Metric("missing", 3, "notifications", "exact", required=Target("==", 0)),),
)
BROKEN = Result(
    test="app.tests.Memory.test_leak",
    suite="memory",
    row="M1",
    title="Creation",
    outcome=Outcome.ERROR,
    seconds=2.0,
    detail="Traceback (most recent call last):\nRuntimeError: [red]it crashed[/red]",
)
SKIPPED = Result(
    test="app.tests.Memory.test_redis",
    suite="memory",
    row="M2",
    title="With Redis",
    outcome=Outcome.SKIPPED,
    seconds=0.0,
    detail="there is no Redis",
)


def report(*results, state=State.FINISHED, run=12, label="before [the] upgrade"):
    return Report(
        run=run,
        label=label,
        state=state,
        started_at="2026-01-02T03:04:05.678901+00:00",
        seconds=192.0,
        parameters={"scale": "standard", "server": "daphne"},
        environment=ENVIRONMENT,
        results=results,
    )
