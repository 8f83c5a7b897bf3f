"""Several runs of the same tests: what can be compared, what cannot and why, and what changed."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from ...measure.units import MISSING
from ...records.results import Report, Result
from ...records.targets import Metric
from ...records.workload import size_text
from .changes import Change
from .conditions import Condition, differing

T = TypeVar("T")

DOUBT = "in doubt or not measured"
OTHER_SCALE = "at another scale"
OTHER_UNIT = "in another unit"
OTHER_WORKLOAD = "with another workload"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A test, or a metric of one, that is not compared, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs side by side, the first of which is what the others are compared with.

    Times of stored runs are noisy, so no change of one is called better or worse here. A count is
    a fact. `tests` are the results that were compared, one of each run.
    """

    reports: tuple[Report, ...]
    conditions: tuple[Condition, ...]
    tests: tuple[tuple[Result, ...], ...]
    changes: tuple[Change, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def forbidding(self) -> list[str]:
        """The conditions that have to be the same for a conclusion from times, and are not."""
        return [condition.name for condition in self.conditions if condition.forbids]

    @property
    def counts(self) -> list[Change]:
        """What was counted, the largest change first."""
        return sorted((c for c in self.changes if c.counted), key=lambda c: -c.effect)

    @property
    def measured(self) -> list[Change]:
        """All else, the largest change first and those without a ratio last."""
        measured = (c for c in self.changes if not c.counted)
        return sorted(measured, key=lambda c: math.inf if math.isinf(c.effect) else -c.effect)

    @property
    def verdicts(self) -> list[tuple[Result, ...]]:
        """The tests that have not come to the same in all runs."""
        return [results for results in self.tests if len({_word(r) for r in results}) > 1]

    @property
    def same_code(self) -> str:
        """The commit, where all runs are of the same, unchanged, under the same conditions."""
        gits = [report.environment.get("git") or {"dirty": True} for report in self.reports]
        same = not self.conditions and not any(git["dirty"] for git in gits)
        return str(gits[0]["commit"]) if same else ""


def compare(reports: Sequence[Report]) -> Comparison:
    """These runs side by side, two at least."""
    tests, changes, left_out = [], [], []
    for results, why in _tests(reports):
        name = results[0].row or results[0].test.rpartition(".")[2]
        if why:
            left_out.append(LeftOut(name, why))
            continue
        tests.append(results)
        for metrics, why in _metrics(reports, results):
            if why:
                left_out.append(LeftOut(f"{name} {metrics[0].name}", why))
            else:
                changes.append(Change.of(name, metrics, results[0].test))
    conditions = tuple(differing(reports))
    return Comparison(tuple(reports), conditions, tuple(tests), tuple(changes), tuple(left_out))


def run_name(report: Report) -> str:
    """The number of the run, if it has one."""
    return "this run" if report.run is None else f"run {report.run}"


def _tests(reports: Sequence[Report]) -> Iterator[tuple[tuple[Result, ...], str]]:
    """The results of each test, and why they cannot be compared; "" where they can."""
    one_scale = len({report.parameters.get("scale") for report in reports}) == 1
    by_test = [{result.test: result for result in report.results} for report in reports]
    return _matched(reports, by_test, _different_workload if one_scale else lambda _: OTHER_SCALE)


def _metrics(
    reports: Sequence[Report], results: Sequence[Result]
) -> Iterator[tuple[tuple[Metric, ...], str]]:
    """The same for the metrics of a test."""
    by_name = [{metric.name: metric for metric in result.metrics} for result in results]
    return _matched(reports, by_name, _unequal)


def _matched(
    reports: Sequence[Report],
    by_key: Sequence[dict[str, T]],
    why_not: Callable[[Sequence[T]], str],
) -> Iterator[tuple[tuple[T, ...], str]]:
    """What the runs have under each key, in the order of the first; asked `why_not` if all do."""
    for key in dict.fromkeys(chain.from_iterable(by_key)):
        having = [(r, parts[key]) for r, parts in zip(reports, by_key, strict=True) if key in parts]
        parts = tuple(part for _, part in having)
        if len(parts) < len(reports):
            yield parts, f"only in {' and '.join(run_name(report) for report, _ in having)}"
        else:
            yield parts, why_not(parts)


def _different_workload(results: Sequence[Result]) -> str:
    """The numbers of the workload that are not the same, if any are."""
    sizes = [{c.name: size_text(c.value) for c in result.workload} for result in results]
    names = dict.fromkeys(chain.from_iterable(sizes))
    texts = {name: [each.get(name, MISSING) for each in sizes] for name in names}
    different = [f"{n} {' / '.join(each)}" for n, each in texts.items() if len(set(each)) > 1]
    return f"{OTHER_WORKLOAD}: {', '.join(different)}" if different else ""


def _unequal(metrics: Sequence[Metric]) -> str:
    if len({metric.unit for metric in metrics}) > 1:
        return OTHER_UNIT
    return DOUBT if any(metric.value is None or metric.doubt for metric in metrics) else ""


def _word(result: Result) -> str:
    return "skipped" if result.skipped else result.verdict
