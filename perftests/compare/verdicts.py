"""What the ratios of pairs say of a metric: faster, slower, the same, or nothing yet.

Each pair gives the logarithm of candidate ÷ baseline. Wilcoxon's signed-rank test asks whether
they lie on one side of 0; for "same", whether they lie above -margin and below +margin as well
(two one-sided tests). Whoever looks several times errs more often, so the error rate is divided
by the number of looks (Bonferroni), and over the metrics by Holm's procedure.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ..measure.stats import Interval, bootstrap_interval, median

ERROR_RATE = 0.01
"""How often, in all looks and metrics together, one of two equal versions may be called slower."""

CONFIRMING_RATE = 0.05
"""The same for the second round, which looks at what the first has called slower."""

SAME_MARGIN = 0.03
"""Ratios from 1 ÷ 1.03 to 1.03 are the same: less than a noise floor of a quiet machine."""

LATER_LOOKS = (28, 56, 112)
"""After how many pairs the verdicts are looked at, but for the first time: see `fewest_pairs`."""

LOOK_ERROR_RATE = ERROR_RATE / (1 + len(LATER_LOOKS))

CONFIRMING_PAIRS = (8, 20)
"""After how many fresh pairs the second round is looked at. What is far slower is so at once."""


class Finding(StrEnum):
    """What is said of a metric, of which less is better."""

    SLOWER = "slower"
    FASTER = "faster"
    SAME = "same"
    UNCLEAR = "can't tell"


@dataclass(frozen=True, slots=True)
class Judged:
    """The median ratio candidate ÷ baseline with its 95 % interval, and what follows."""

    ratio: float
    interval: Interval
    finding: Finding


def fewest_pairs(metrics: int) -> int:
    """How many it takes until one of so many metrics can be clear: where all pairs lie on one
    side, the p-value of either side is 2 ** -pairs.
    """
    return 1 + math.ceil(math.log2(metrics / LOOK_ERROR_RATE))


def judge(
    ratios: Mapping[str, Sequence[float]], *, error_rate: float = LOOK_ERROR_RATE
) -> dict[str, Judged]:
    """A judgement of each metric by the ratios of its pairs, five at least."""
    found = findings(ratios, error_rate)
    return {
        name: Judged(median(values), bootstrap_interval(values), found[name])
        for name, values in ratios.items()
    }


def findings(ratios: Mapping[str, Sequence[float]], error_rate: float) -> dict[str, Finding]:
    """What is found of each metric, corrected for how many they are."""
    differing = _holm({name: p_of_difference(values) for name, values in ratios.items()})
    return {name: _finding(values, differing[name], error_rate) for name, values in ratios.items()}


def _finding(ratios: Sequence[float], p_different: float, error_rate: float) -> Finding:
    if p_different <= error_rate:
        return Finding.SLOWER if median(ratios) > 1 else Finding.FASTER
    return Finding.SAME if p_of_sameness(ratios) <= error_rate else Finding.UNCLEAR


def p_of_difference(ratios: Sequence[float]) -> float:
    """How likely ratios as far from 1 are where the two versions are equal."""
    return _p_value([math.log(ratio) for ratio in ratios], "two-sided")


def p_of_sameness(ratios: Sequence[float]) -> float:
    """How likely ratios as near to 1 are where the versions differ by the margin or more."""
    margin = math.log(1 + SAME_MARGIN)
    logs = [math.log(ratio) for ratio in ratios]
    above = _p_value([value + margin for value in logs], "greater")
    return max(above, _p_value([value - margin for value in logs], "less"))


def _p_value(differences: Sequence[float], alternative: str) -> float:
    from scipy.stats import wilcoxon

    if not any(differences):
        return 1.0
    return float(wilcoxon(differences, alternative=alternative).pvalue)


def _holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """The p-values, corrected for their number (Holm 1979)."""
    adjusted, highest = {}, 0.0
    for rank, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[name]))
        adjusted[name] = highest
    return adjusted
