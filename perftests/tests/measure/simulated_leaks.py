"""`python -m perftests.tests.measure.simulated_leaks [SERIES [CYCLES]]`: three tests for leaks.

Prints, for series of so many sizes (25) with and without a leak, how many percent of them each
test takes for a leak: the one that `measure.leaks` uses, and two that it could. The limit is 1 per
cycle in all of them; a leak grows by 2. The table in docs/explanation/measuring.md is made of 2,000
series.
"""
# ruff: noqa: T201 - this is a command

import sys

import numpy
from scipy import stats

from perftests.measure.leaks import detect_leak

CYCLES = 25
LIMIT = 1.0


def ours(sizes):
    return detect_leak(list(map(float, sizes)), limit_bytes=LIMIT).leaking


def mann_kendall(sizes):
    """A significant trend of the sizes themselves, with the slope of Theil and Sen."""
    steps = range(len(sizes))
    if stats.theilslopes(sizes, steps).slope <= LIMIT:
        return False
    return stats.kendalltau(steps, sizes).pvalue < 0.05


def regression(sizes):
    """A slope of least squares whose interval of 95 % lies above 0."""
    fit = stats.linregress(range(len(sizes)), sizes)
    return fit.slope > LIMIT and fit.pvalue < 0.05


TESTS = {"changes": ours, "Mann-Kendall": mann_kendall, "regression": regression}


class Series:
    """Sizes as a server's memory goes, in units of the limit per cycle."""

    def __init__(self, seed, cycles=CYCLES):
        self.rng = numpy.random.default_rng(seed)
        self.cycles = cycles

    def noise(self, spread):
        return self.rng.normal(0, spread, self.cycles)

    def autocorrelated(self, spread, kept=0.9):
        """AR(1): of each deviation so much is kept in the next size."""
        sizes = [self.rng.normal(0, spread)]
        for new in self.rng.normal(0, spread * (1 - kept**2) ** 0.5, self.cycles - 1):
            sizes.append(kept * sizes[-1] + new)
        return numpy.array(sizes)

    def walk(self, spread):
        return numpy.cumsum(self.noise(spread))

    def jumps(self, height, share=0.3):
        """A walk that mostly stands still, as an allocator that takes and gives arenas."""
        ways = [-height, 0, height]
        return numpy.cumsum(self.rng.choice(ways, self.cycles, p=[share / 2, 1 - share, share / 2]))

    def step(self, height):
        """One step up, wherever it falls, the ends included."""
        return height * (numpy.arange(self.cycles) >= self.rng.integers(1, self.cycles))

    def settling(self, height, cycles=2):
        return height * (1 - numpy.exp(-numpy.arange(self.cycles) / cycles))

    def growth(self, per_cycle):
        return per_cycle * numpy.arange(self.cycles)

    def arenas(self, per_cycle, size):
        """Growth that is seen whenever an arena is full."""
        return size * numpy.ceil((self.growth(per_cycle) + self.rng.uniform(0, size)) / size)


INNOCENT = {
    "noise of 5": lambda series: series.noise(5),
    "autocorrelated, spread 5": lambda series: series.autocorrelated(5),
    "autocorrelated, spread 50": lambda series: series.autocorrelated(50),
    "random walk, steps of 2": lambda series: series.walk(2),
    "random walk, steps of 10": lambda series: series.walk(10),
    "random walk, steps of 100": lambda series: series.walk(100),
    "jumps of 10 up and down": lambda series: series.jumps(10),
    "one step of 20, noise of 1": lambda series: series.step(20) + series.noise(1),
    "one step of 50, autocorrelated": lambda series: series.step(50) + series.autocorrelated(2),
    "settling by 40": lambda series: series.settling(40) + series.noise(0.3),
    "growth of half the limit": lambda series: series.growth(0.5) + series.noise(0.5),
}

LEAKING = {
    "leak, noise of 1": lambda series: series.growth(2) + series.noise(1),
    "leak, noise of 2": lambda series: series.growth(2) + series.noise(2),
    "leak, autocorrelated, spread 4": lambda series: series.growth(2) + series.autocorrelated(4),
    "leak on a random walk, steps of 1": lambda series: series.growth(2) + series.walk(1),
    "leak in arenas of 10": lambda series: series.arenas(2, 10),
    "leak and one step of 20": lambda series: series.growth(2) + series.step(20),
}


def percent_taken_for_leaks(test, kind, count, cycles=CYCLES):
    """How many percent of `count` series of a kind the test takes for a leak."""
    return 100 * sum(bool(test(kind(Series(seed, cycles)))) for seed in range(count)) / count


def main(count=2_000, cycles=CYCLES):
    print(f"| {cycles} cycles, {count:,} series | {' | '.join(TESTS)} |")
    print(f"| --- |{' --- |' * len(TESTS)}")
    for name, kind in {**INNOCENT, **LEAKING}.items():
        shares = (percent_taken_for_leaks(test, kind, count, cycles) for test in TESTS.values())
        print(f"| {name} | {' | '.join(f'{share:.1f}' for share in shares)} |", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
