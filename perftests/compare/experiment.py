"""Pairs of two versions, one after the other, until it is clear what they say."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from .verdicts import (
    CONFIRMING_PAIRS,
    CONFIRMING_RATE,
    LATER_LOOKS,
    Finding,
    Judged,
    fewest_pairs,
    judge,
)

Ratios = dict[str, list[float]]

Measure = Callable[[Collection[str]], Mapping[str, float]]
"""Measures one pair: candidate ÷ baseline of these metrics, or of more."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What an experiment came to: how each metric is judged, by the ratios of its pairs."""

    judged: dict[str, Judged]
    ratios: Ratios
    pairs: int

    @property
    def slower(self) -> list[str]:
        """What has become slower, and a second round has said so, too."""
        return [name for name, found in self.judged.items() if found.finding is Finding.SLOWER]


@dataclass
class Experiment:
    """Measures pairs for `budget_seconds` or up to `most_pairs`.

    A metric that is clear is measured no more. `progress` is told of each pair that begins: how
    many were done, the ratios until now and the seconds left.
    """

    measure: Measure
    metrics: Collection[str]
    most_pairs: int
    budget_seconds: float
    progress: Callable[[int, Ratios, float], None]
    _done: int = field(default=0, init=False)
    _deadline: float = field(default=0.0, init=False)

    def run(self) -> Comparison:
        """The comparison; raises `SampleFailed` where a side cannot be measured."""
        self._deadline = time.monotonic() + self.budget_seconds
        ratios: Ratios = {metric: [] for metric in self.metrics}
        judged = self._confirmed(self._first_round(ratios))
        return Comparison(judged, ratios, self._done)

    def _first_round(self, ratios: Ratios) -> dict[str, Judged]:
        clear: dict[str, Judged] = {}
        fewest = fewest_pairs(len(self.metrics))
        looks = (fewest, *LATER_LOOKS)
        for look in (*(n for n in looks if n < self.most_pairs), self.most_pairs):
            unclear = [metric for metric in ratios if metric not in clear]
            while self._done < look and (self._done < fewest or not self._late):
                self._pair(unclear, ratios)
            judged = judge(ratios) | clear
            clear = {name: j for name, j in judged.items() if j.finding is not Finding.UNCLEAR}
            if self._late or len(clear) == len(judged):
                break
        return judged

    def _confirmed(self, judged: dict[str, Judged]) -> dict[str, Judged]:
        """The same, but what is slower is so only if fresh pairs say it again."""
        accused = [name for name, j in judged.items() if j.finding is Finding.SLOWER]
        fresh: Ratios = {name: [] for name in accused}
        for look in CONFIRMING_PAIRS if accused else ():
            while any(len(ratios) < look for ratios in fresh.values()):
                self._pair(accused, fresh)
            # Twice the rate of a two-sided test is that of one which asks only for "slower".
            again = judge(fresh, error_rate=2 * CONFIRMING_RATE / len(CONFIRMING_PAIRS))
            judged |= {name: _doubtful(again[name]) for name in accused}
            if all(judged[name].finding is Finding.SLOWER for name in accused):
                break
        return judged

    def _pair(self, metrics: Collection[str], ratios: Ratios) -> None:
        self.progress(self._done, ratios, max(0.0, self._deadline - time.monotonic()))
        measured = self.measure(metrics)
        for metric in metrics:
            ratios[metric].append(measured[metric])
        self._done += 1

    @property
    def _late(self) -> bool:
        return time.monotonic() > self._deadline


def _doubtful(again: Judged) -> Judged:
    """What the second round says, which finds nothing but "slower"."""
    finding = again.finding if again.finding is Finding.SLOWER else Finding.UNCLEAR
    return Judged(again.ratio, again.interval, finding)
