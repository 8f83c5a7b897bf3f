"""`perf --against REF`: from the options to what is printed."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from signal import Signals
from types import FrameType
from typing import Any

from rich.console import Console

from ..conf import Server
from ..exceptions import PerftestsError
from ..processes.stopping import handled_by
from ..records.results import Report
from ..run.context import describe
from . import summary
from .bench.samples import SAMPLES
from .differences import compared
from .experiment import Experiment, Ratios
from .options import BUDGET_SECONDS, MOST_PAIRS
from .pairing import Pairing
from .recording import Recording, recorded
from .reporting import Against, report_of, title_of
from .sides import Side
from .verdicts import fewest_pairs
from .versions.choice import two_sides

SHOWN_FUNCTIONS = 5
OF_A_RUN = ("suites", "scale", "fail_fast")


class Stopped(Exception):
    """A signal asked the comparison to end; `number` is that of the signal."""

    def __init__(self, number: int) -> None:
        super().__init__(Signals(number).name)
        self.number = number


@dataclass(frozen=True, slots=True)
class Order:
    """What to compare with the code as it is here, and how long for."""

    ref: str
    label: str
    labels: Sequence[str]
    metrics: Sequence[str]
    server: Server
    pairs: int
    budget_seconds: float

    @property
    def parameters(self) -> dict[str, Any]:
        """As they are stored."""
        return {
            "against": self.ref,
            "labels": list(self.labels),
            "pairs": self.pairs,
            "budget": self.budget_seconds,
            "server": self.server,
        }


def order(labels: Sequence[str], options: dict[str, Any], server: Server) -> Order:
    """What the options ask for; raises `PerftestsError` where that cannot be done."""
    if without := [name for name in OF_A_RUN if options[name]]:
        named = ", ".join(f"--{name.replace('_', '-')}" for name in without)
        raise PerftestsError(f"--against measures samples of its own; it takes no {named}.")
    pairs = MOST_PAIRS if options["pairs"] is None else options["pairs"]
    budget = BUDGET_SECONDS if options["budget"] is None else options["budget"]
    metrics = _metrics(labels)
    if pairs < (fewest := fewest_pairs(len(metrics))):
        raise PerftestsError(f"--pairs is {pairs}; fewer than {fewest} can't tell anything.")
    if not budget > 0:
        raise PerftestsError(f"--budget is {budget:g}; it must be above 0.")
    return Order(options["against"], options["label"], labels, metrics, server, pairs, budget)


def compare(order: Order, console: Console, *, watched: bool = False) -> Report:
    """Compare the two sides, print what it came to, and return the report of the stored run.

    A run that is `watched` is to be judged. Raises `PerftestsError` where that cannot be done, and
    `Stopped` by a signal.
    """
    with handled_by(_stop), two_sides(order.ref) as sides:
        title = title_of(*(side.name for side in sides))
        about = order.label or title, order.parameters, describe(order.server)
        with recorded(*about, watched=watched) as recording:
            against = _measured(order, sides, recording, console)
        summary.print_summary(against, console)
        return recording.finish(report_of(against, *about).results)


def _measured(
    order: Order, sides: tuple[Side, Side], recording: Recording, console: Console
) -> Against:
    begun, names = datetime.now(UTC), (sides[0].name, sides[1].name)
    title = title_of(*names)
    pairing = Pairing(*sides, order.server)
    with closing(pairing), console.status("Counting what both do") as status:
        recording.counting(title)
        counted = compared(*pairing.counted())
        recording.pairing(title)

        def progress(done: int, ratios: Ratios, seconds_left: float) -> None:
            status.update(summary.progress(done, ratios, seconds_left))
            recording.pair(done, order.pairs, ratios)

        experiment = Experiment(
            pairing.measure, order.metrics, order.pairs, order.budget_seconds, progress
        )
        paired = experiment.run()
        status.update("Sampling where the time of what is slower goes")
        recording.profiling()
        profiles = {name: pairing.shifts(name)[:SHOWN_FUNCTIONS] for name in paired.slower}
    return Against(*names, begun, counted, paired, profiles)


def _metrics(labels: Sequence[str]) -> list[str]:
    """Those of the samples that stand for these rows, or all."""
    known = {row for sample in SAMPLES.values() for row in sample.rows}
    if unknown := [label for label in labels if label not in known]:
        rows = ", ".join(sorted(known))
        raise PerftestsError(f"--against has no sample of {', '.join(unknown)}; it has of {rows}.")
    return [
        metric
        for sample in SAMPLES.values()
        if not labels or not set(labels).isdisjoint(sample.rows)
        for metric in sample.metrics
    ]


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(number)
