"""Contenders that do the same work in turns, and how they compare."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from perftests.measure.stats import (
    MINIMUM_FOR_INTERVAL,
    Interval,
    bootstrap_interval,
    median,
    median_ratio,
)
from perftests.records.environment import floor_of_run
from perftests.records.targets import Better, Target

from .contexts import Pacing, Recorder

PAIRS = 5

SMOKE_PAIRS = 2
"""They show that each contender works, and are too few for an interval."""

MOST_ROUNDS = 3
"""A contest that has not been decided may have so many times its rounds."""

MORE_SECONDS = 6.0
"""After which it begins no more of them."""

STOP_CONFIDENCE = 0.99
"""Whoever looks again and again until an interval of 95 % suits is wrong more often than it says;
five looks at one of 99 % are not."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Question:
    """Whether candidate ÷ baseline, two contenders, keeps its `limits`, such as "<= 1.15".

    `cost` is the number that counts of what a contender measures.
    """

    baseline: str
    candidate: str
    limits: Sequence[str]
    cost: Callable[[Any], float] = float

    def is_open(self, measured: Mapping[str, Sequence[Any]]) -> bool:
        """Whether more pairs may tell: the interval of the ratio lies across a limit."""
        pairs = zip(measured[self.baseline], measured[self.candidate], strict=True)
        ratios = [self.cost(theirs) / self.cost(own) for own, theirs in pairs]
        targets = [Target.parse(limit) for limit in self.limits if limit]
        if not targets or len(ratios) < MINIMUM_FOR_INTERVAL:
            return False
        interval = bootstrap_interval(ratios, confidence=STOP_CONFIDENCE)
        return any(t.judge(interval.low) is not t.judge(interval.high) for t in targets)


def take_turns(
    pacing: Pacing, pairs: int = PAIRS, *questions: Question, **contenders: Callable[[], T]
) -> dict[str, list[T]]:
    """Let each contender measure `pairs` times, or a few times at smoke scale."""
    pairs = pacing.scaled(smoke=SMOKE_PAIRS, standard=pairs, extended=pairs)
    return run_rounds(pacing, pairs, contenders, *questions)


def run_rounds(
    pacing: Pacing,
    rounds: int,
    contenders: Mapping[str, Callable[[], T]],
    *questions: Question,
) -> dict[str, list[T]]:
    """Let each contender measure in each round, in random order, after a round of warm-up.

    While one of the `questions` is open there are more rounds, within bounds.
    """
    measured: dict[str, list[T]] = {name: [] for name in contenders}

    def run(begin: int, end: int) -> None:
        for number in range(begin, end):
            for name in random.sample(list(contenders), len(contenders)):
                pacing.progress(f"measuring {name}", number, end)
                measured[name].append(contenders[name]())

    def counted() -> dict[str, list[T]]:
        return {name: values[1:] for name, values in measured.items()}

    run(0, done := rounds + 1)
    # Smoke scale shows that everything works, and decides no goal.
    more_seconds = pacing.scaled(smoke=0.0, standard=MORE_SECONDS, extended=MORE_SECONDS)
    deadline = time.monotonic() + more_seconds
    while any(question.is_open(counted()) for question in questions):
        if done > MOST_ROUNDS * rounds or time.monotonic() > deadline:
            break
        more = min(done + max(1, rounds // 2), 1 + MOST_ROUNDS * rounds)
        run(done, more)
        done = more
    return counted()


def measure_medians(recorder: Recorder, work: str, measured: Mapping[str, Sequence[float]]) -> None:
    """Record the median of each contender: µs of the server's CPU for one piece of `work`."""
    for name, costs in measured.items():
        recorder.measure(f"{work}: {name}", median(costs), "µs", better="lower")


def measure_ratio(
    recorder: Recorder,
    name: str,
    baseline: Sequence[float],
    candidate: Sequence[float],
    *,
    better: Better = "",
    required: str = "",
    goal: str = "",
    doubt: str = "",
) -> None:
    """Record the median of candidate ÷ baseline over the rounds, and its interval if it has one.

    It is in doubt where the machine is noisier than the effect that the target asks about: the one
    that is required, if there is one, as a wide limit can be told where a goal cannot.
    """
    pairs = list(zip(baseline, candidate, strict=True))
    value, interval = median([theirs / own for own, theirs in pairs]), None
    if len(pairs) >= MINIMUM_FOR_INTERVAL:
        interval = median_ratio(pairs).interval
    noise = noise_doubt(interval or Interval(value, value), required or goal)
    recorder.measure(
        name,
        value,
        "×",
        better=better,
        required=required,
        goal=goal,
        doubt=doubt or noise,
        interval=interval,
    )


def noise_doubt(ratio: Interval, *limits: str) -> str:
    """Why a `ratio` of times cannot be judged on a machine this noisy; empty when it can.

    A limit such as "<= 1.15" asks about an effect of 15 %. Where the same work strays from itself
    by more, a ratio is in doubt, unless it is further from its limit than that.
    """
    floor = floor_of_run()
    for target in map(Target.parse, filter(None, limits)):
        effect = effect_percent(target)
        ends = ratio.low / (1 + floor / 100), ratio.high * (1 + floor / 100)
        if floor > effect and len({target.judge(end) for end in ends}) > 1:
            return (
                f"the noise floor of {floor:.0f} % is above the effect of {effect:.0f} % that"
                f" {target} asks about"
            )
    return ""


def effect_percent(target: Target) -> float:
    """How far from 1 the limit of a ratio is, in percent of the smaller of the two."""
    return 100 * (max(target.limit, 1 / target.limit) - 1)
