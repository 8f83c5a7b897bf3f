"""`python -m perftests.tests.measure.simulated_histories [SERIES [RUNS]]`: tests for steps.

Prints, for series of so many runs (30) as a metric's history has them, how many steps each method
finds in 100 series where there are none, and how many percent of those it finds that there are.
The table in docs/explanation/measuring.md is made of 500 series.

apache-otava and ruptures are compared where they are installed. The first needs an environment of
its own, as it pins other versions of numpy and scipy than we have.
"""
# ruff: noqa: T201 - this is a command

import sys
from importlib.util import find_spec

import numpy

from perftests.measure.changepoints import find_steps

RUNS = 30
NEAR = 2
"""So many runs beside the right one, a step is found."""


def ours(values):
    return [step.index for step in find_steps(values)]


def mean_of_five(values):
    """The usual alarm: 15 % off the mean of the five runs before."""
    return [
        at
        for at in range(5, len(values))
        if abs(values[at] / numpy.mean(values[at - 5 : at]) - 1) > 0.15
    ]


def otava(values):
    """Apache Otava: E-divisive means in windows, and Student's test, p < 0.001."""
    from otava.analysis import compute_change_points

    found, _ = compute_change_points(values, min_magnitude=0.05)
    return [point.index for point in found]


def pelt(values):
    """ruptures: the optimal partition by absolute distances, for a penalty as usual."""
    from ruptures import Pelt

    noise = numpy.median(numpy.abs(numpy.diff(values))) or 1
    model = Pelt(model="l1", min_size=3, jump=1).fit(numpy.array(values) / noise)
    return model.predict(pen=2 * numpy.log(len(values)))[:-1]


METHODS = {"ours": ours, "mean of five": mean_of_five}
METHODS |= {"apache-otava": otava} if find_spec("otava") else {}
METHODS |= {"ruptures": pelt} if find_spec("ruptures") else {}


class History:
    """Values of a metric, run after run: noise and changes multiply, so they are logarithms.

    `starts` are the runs with a step.
    """

    def __init__(self, seed, runs=RUNS):
        self.rng = numpy.random.default_rng(seed)
        self.runs = runs
        self.starts = []

    def noise(self, percent, kept=0.0):
        """AR(1): of each deviation so much is kept in the next run, as on a shared machine."""
        spread = percent / 100
        strays = [self.rng.normal(0, spread)]
        for new in self.rng.normal(0, spread * (1 - kept**2) ** 0.5, self.runs - 1):
            strays.append(kept * strays[-1] + new)
        return numpy.array(strays)

    def odd_runs(self, share=0.05):
        """Of twice the value, or half of it; each by itself."""
        ways = self.rng.choice([1, 1, -1], self.runs)
        return numpy.log(2) * ways * (self.rng.random(self.runs) < share)

    def step(self, percent, last=None):
        """With five runs on either side at least; or for the `last` runs."""
        start = self.runs - last if last else int(self.rng.integers(5, self.runs - 4))
        self.starts = [start]
        return numpy.log1p(percent / 100) * (numpy.arange(self.runs) >= start)

    def mended(self, percent, after):
        """A step, and back `after` so many runs; four runs on either side at least."""
        start = int(self.rng.integers(4, self.runs - after - 3))
        self.starts = [start, start + after]
        order = numpy.arange(self.runs)
        return numpy.log1p(percent / 100) * ((order >= start) & (order < start + after))

    def drift(self, percent):
        """By so much from the first run to the last."""
        return numpy.log1p(percent / 100) * numpy.linspace(0, 1, self.runs)


LEVEL = {
    "noise of 5 %": lambda h: h.noise(5),
    "noise of 10 %": lambda h: h.noise(10),
    "noise of 15 %": lambda h: h.noise(15),
    "noise of 10 %, half kept": lambda h: h.noise(10, 0.5),
    "noise of 15 %, half kept": lambda h: h.noise(15, 0.5),
    "noise of 10 %, 80 % kept": lambda h: h.noise(10, 0.8),
    "noise of 5 %, odd runs": lambda h: h.noise(5) + h.odd_runs(),
    "noise of 10 %, half kept, odd runs": lambda h: h.noise(10, 0.5) + h.odd_runs(),
}

STEPS = {
    f"{step} %, noise of {noise} %": lambda h, step=step, noise=noise: h.noise(noise) + h.step(step)
    for step in (10, 20, 50)
    for noise in (5, 10, 15)
} | {
    "20 % less, noise of 5 %": lambda h: h.noise(5) + h.step(-20),
    "20 %, noise of 5 %, odd runs": lambda h: h.noise(5) + h.odd_runs() + h.step(20),
    "20 %, noise of 10 %, half kept": lambda h: h.noise(10, 0.5) + h.step(20),
    "50 %, noise of 10 %, half kept": lambda h: h.noise(10, 0.5) + h.step(50),
    "20 %, noise of 5 %, the last four runs": lambda h: h.noise(5) + h.step(20, last=4),
    "50 %, noise of 10 %, the last four runs": lambda h: h.noise(10) + h.step(50, last=4),
    "50 %, noise of 5 %, the last three runs": lambda h: h.noise(5) + h.step(50, last=3),
    "20 %, noise of 5 %, mended after 8 runs": lambda h: h.noise(5) + h.mended(20, after=8),
    "50 %, noise of 10 %, mended after 8 runs": lambda h: h.noise(10) + h.mended(50, after=8),
    "50 %, noise of 5 %, mended after 4 runs": lambda h: h.noise(5) + h.mended(50, after=4),
}

DRIFTS = {
    "20 %, noise of 5 %": lambda h: h.noise(5) + h.drift(20),
    "50 %, noise of 10 %": lambda h: h.noise(10) + h.drift(50),
}


def simulate(method, kind, count, runs=RUNS):
    """How many percent of the steps of `count` series a method finds, and how many others.

    These in 100 series.
    """
    right = planted = others = 0
    for seed in range(count):
        history = History(seed, runs)
        values = [float(100 * value) for value in numpy.exp(kind(history))]
        found = method(values)
        near = [any(abs(at - start) <= NEAR for at in found) for start in history.starts]
        right, planted = right + sum(near), planted + len(near)
        others += len(found) - sum(near)
    return 100 * right / max(planted, 1), 100 * others / count


def share_with_a_step(method, kind, count, runs=RUNS):
    """In how many percent of `count` series a method finds any step."""
    series = (numpy.exp(kind(History(seed, runs))) for seed in range(count))
    return 100 * sum(bool(method(list(map(float, values)))) for values in series) / count


def main(count=500, runs=RUNS):
    def false_alarms(method, kind):
        return f"{simulate(method, kind, count, runs)[1]:.1f}"

    def steps(method, kind):
        return "{:.0f}, {:.0f}".format(*simulate(method, kind, count, runs))

    def drifts(method, kind):
        return f"{share_with_a_step(method, kind, count, runs):.0f}"

    print_table(f"false alarms in 100 series of {runs} runs", LEVEL, false_alarms)
    print_table("steps found, %, and false alarms in 100 series", STEPS, steps)
    print_table("drifts with a step found, %", DRIFTS, drifts)


def print_table(title, kinds, cell):
    print(f"| {title} | {' | '.join(METHODS)} |")
    print(f"| --- |{' --- |' * len(METHODS)}")
    for name, kind in kinds.items():
        cells = (cell(method, kind) for method in METHODS.values())
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    print()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
