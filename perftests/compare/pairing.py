"""One pair: a process of either side, measured in turns, round by round in random order.

What disturbs the machine for longer than a round disturbs both, and cancels out in their ratio.
"""

import random
import time
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from ..conf import Server
from ..measure.profiles import Shift, shifts
from ..measure.stats import median
from ..records import codec
from .bench.samples import SAMPLES
from .counts import Counted
from .sides import Bench, Side

SECONDS = 1.0
"""For so long a sample is measured in each pair: what disturbs one round is white noise, so many
short ones in turns tell more than a few long ones."""

FEWEST_ROUNDS = 5

Benches = tuple[Bench, Bench]


class Pairing:
    """Measures pairs of two sides under a `server`; close it, also after a failure.

    Of two processes of the same code one may be faster for as long as it lives, so each pair has
    new ones.
    """

    def __init__(self, baseline: Side, candidate: Side, server: Server) -> None:
        self._sides = baseline, candidate
        self._server = server
        self._leaving: list[Bench] = []

    def measure(self, metrics: Collection[str]) -> dict[str, float]:
        """Candidate ÷ baseline of these metrics and those that belong to them, in a new pair.

        Raises `SampleFailed` where a side cannot be measured.
        """
        with self.benches() as benches:
            ratios: dict[str, float] = {}
            for name, sample in SAMPLES.items():
                if not set(metrics).isdisjoint(sample.metrics):
                    ratios |= _ratios(benches, name)
            return ratios

    def counted(self) -> tuple[Counted, Counted]:
        """What is counted on both sides; raises `SampleFailed`, too."""
        with ThreadPoolExecutor() as pool, self.benches() as benches:
            # Nothing is timed, so both may count at once.
            before, after = pool.map(lambda bench: bench.ask("count"), benches)
        return codec.from_builtins(before, Counted), codec.from_builtins(after, Counted)

    def shifts(self, metric: str) -> list[Shift]:
        """The functions that take longer for the sample of this metric; raises `SampleFailed`."""
        [name] = [name for name, sample in SAMPLES.items() if metric in sample.metrics]
        with ThreadPoolExecutor() as pool, self.benches() as benches:
            before, after = pool.map(lambda bench: bench.ask("profile", name), benches)
        return [shift for shift in shifts(before, after) if shift.after > shift.before]

    @contextmanager
    def benches(self) -> Iterator[Benches]:
        """A process of either side, ready. After the block they end, beside what comes then.

        So does whoever waits for an answer in a thread, also when the comparison is interrupted.
        """
        earlier, self._leaving = self._leaving, []
        try:
            for side in self._sides:
                self._leaving.append(Bench(side, self._server))
            for bench in earlier:
                bench.close()
            for bench in self._leaving:
                bench.ask("ready")
            baseline, candidate = self._leaving
            yield baseline, candidate
        finally:
            for bench in (*earlier, *self._leaving):
                bench.leave()

    def close(self) -> None:
        """Wait until all processes have ended."""
        for bench in self._leaving:
            bench.close()


def _ratios(benches: Benches, sample: str) -> dict[str, float]:
    _round(benches, sample)  # the first one prepares, and imports
    rounds: list[dict[str, float]] = []
    end = time.monotonic() + SECONDS
    while len(rounds) < FEWEST_ROUNDS or time.monotonic() < end:
        rounds.append(_round(benches, sample))
    return {metric: median([each[metric] for each in rounds]) for metric in rounds[0]}


def _round(benches: Benches, sample: str) -> dict[str, float]:
    costs: dict[Bench, Mapping[str, float]] = {}
    for bench in random.sample(benches, 2):
        costs[bench] = bench.ask("measure", sample)
    baseline, candidate = (costs[bench] for bench in benches)
    return {metric: candidate[metric] / baseline[metric] for metric in candidate}
