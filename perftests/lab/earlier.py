"""A run beside the one before it that was measured under the same conditions."""

from collections.abc import Iterable

from .. import store
from ..models import PerfResult, PerfRun, PerfRunQuerySet
from ..records import codec
from ..records.results import FORMAT_VERSION, Report
from ..records.workload import Chosen
from ..reports.side_by_side.comparison import Comparison, compare

MOST_LOOKED_AT = 50
"""Of the runs before one, the newest; so a page takes no longer when thousands are stored."""


def with_latest(report: Report) -> Comparison | None:
    """Beside the newest finished run under the same conditions, of one of its tests at least."""
    return _first_alike(report, _of_workload(report, _having(report)))


def with_earlier(report: Report, run: PerfRun) -> Comparison | None:
    """Beside the newest pinned run before it that is alike, or else the newest of all."""
    if run.parameters.get("against"):
        return None
    before = _having(report).measured().filter(started_at__lt=run.started_at)
    return _first_alike(report, _of_workload(report, before.filter(pinned=True))) or _first_alike(
        report, _of_workload(report, before)
    )


def _having(report: Report) -> PerfRunQuerySet:
    tests = [result.test for result in report.results]
    having = PerfResult.objects.filter(test__in=tests).values("run")
    return PerfRun.objects.finished().filter(pk__in=having, format_version=FORMAT_VERSION)


def _of_workload(report: Report, runs: PerfRunQuerySet) -> list[PerfRun]:
    """Those of the newest that did as much in one test at least, so that the others need not be
    read whole to find that out."""
    scale, own = report.parameters.get("scale"), {r.test: r.workload for r in report.results}
    newest = [run for run in runs[:MOST_LOOKED_AT] if run.parameters.get("scale") == scale]
    results = PerfResult.objects.filter(run__in=newest, test__in=own)
    same = {
        run
        for run, test, workload in results.values_list("run", "test", "workload")
        if codec.from_builtins(workload, tuple[Chosen, ...]) == own[test]
    }
    return [run for run in newest if run.pk in same]


def _first_alike(report: Report, runs: Iterable[PerfRun]) -> Comparison | None:
    for run in runs:
        if run.pk == report.run or compare([store.report(run, ()), report]).forbidding:
            continue
        comparison = compare([store.load(run), report])
        if comparison.tests:
            return comparison
    return None
