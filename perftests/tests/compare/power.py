"""`python -m perftests.tests.compare.power`: what `perf --against` says of known slow-downs.

It measures so many pairs of the code of the last commit and of the same with CPU time burnt in four
places: in `notify`, in a push, in an ack, in a connect; so many percent of what the place costs.
Then it lets a thousand comparisons draw their pairs from those at random, and prints how often each
finding came out, and after how many pairs. With 0 percent all is equal, and any finding but "same"
and "can't tell" is wrong; which side is which is then drawn as well.
"""

import argparse
import json
import os
import random
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from unittest import mock

import django

PROJECT = Path(__file__).parents[3]
PLANTED = ("notify", "connect", "push", "ack")

BURN = """

import time as _time


def _burnt(work, _nanoseconds={nanoseconds}):
    def burn(*args, **options):
        end = _time.perf_counter_ns() + _nanoseconds
        while _time.perf_counter_ns() < end:
            pass
        return work(*args, **options)

    return burn


{place} = _burnt({place})
"""

PLACES = {
    "notify": ("notifications/send.py", "notify"),
    "connect": ("notifications/hub/sockets/socket.py", "Socket.greet"),
    "push": ("notifications/hub/sockets/socket.py", "Socket.offer"),
    "ack": ("notifications/hub/sockets/socket.py", "Socket.acknowledge"),
}
"""Where each metric is slowed down; the place is run once for each unit of the metric."""

CALIBRATING_ROUNDS = 60
TRIALS = 1000
NO_TIE = 1 + 1e-9
"""What is drawn twice would tie with itself, which no two measurements do."""


def main():
    parser = argparse.ArgumentParser(prog="power", description=__doc__.partition("\n")[0])
    parser.add_argument("--percent", type=float, default=10, help="default: %(default)s")
    parser.add_argument("--record", type=int, default=60, metavar="N", help="more pairs to measure")
    parser.add_argument("--pairs", type=int, default=46, help="at most, in ten minutes")
    parser.add_argument("file", type=Path, help="where the pairs are; more are added to them")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "notifyproject.settings")
    django.setup()
    recorded = json.loads(options.file.read_text()) if options.file.exists() else []
    for pair in record(options.percent, options.record) if options.record else ():
        recorded.append(pair)
        options.file.write_text(json.dumps(recorded))
    for metric, findings in judged(recorded, options.percent, options.pairs).items():
        print(f"{options.percent:+g} % {metric}: {dict(findings)}")  # noqa: T201


def record(percent, pairs):
    """The ratios of so many pairs, all metrics in each."""
    from perftests.compare.bench.samples import SAMPLES
    from perftests.compare.pairing import Pairing

    metrics = [metric for sample in SAMPLES.values() for metric in sample.metrics]
    with tempfile.TemporaryDirectory() as folder:
        sides = planted_sides(Path(folder), percent)
        with closing(Pairing(*sides, "daphne")) as pairing:
            for number in range(1, pairs + 1):
                begun = time.monotonic()
                yield pairing.measure(metrics)
                print(f"pair {number}: {time.monotonic() - begun:.1f} s", flush=True)  # noqa: T201


def planted_sides(folder, percent):
    """The last commit, and the same that burns `percent` more."""
    from perftests.compare.sides import Side
    from perftests.compare.versions.revisions import commit_of, extract

    if not percent:
        return Side("ours"), Side("ours again")
    extract(commit_of("HEAD", PROJECT), PROJECT, folder)
    ours, planted = Side("ours"), Side("planted", folder)
    for metric, microseconds in costs(ours).items():
        path, place = PLACES[metric]
        burn = BURN.format(place=place, nanoseconds=round(microseconds * percent * 10))
        with (folder / path).open("a") as file:
            file.write(burn)
    return ours, planted


def costs(side):
    """What each planted place costs on this machine, in microseconds."""
    from perftests.compare.sides import Bench
    from perftests.measure.stats import median

    with closing(Bench(side, "daphne")) as bench:
        return {
            metric: median(
                [bench.ask("measure", metric)[metric] for _ in range(CALIBRATING_ROUNDS)]
            )
            for metric in PLANTED
        }


def judged(recorded, percent, most_pairs):
    """How often each finding comes out, by metric, and the median number of pairs until then."""
    metrics = list(recorded[0])
    found = {metric: Counter() for metric in metrics}
    needed = []
    for _ in range(TRIALS):
        comparison = compared(recorded, metrics, most_pairs, equal=not percent)
        needed.append(comparison.pairs)
        for metric, judged in comparison.judged.items():
            found[metric][str(judged.finding)] += 1
    print(f"{len(recorded)} pairs; a comparison took {sorted(needed)[TRIALS // 2]}")  # noqa: T201
    return found


def compared(recorded, metrics, most_pairs, *, equal):
    """A comparison that draws its pairs."""
    from perftests.compare.experiment import Experiment

    def draw(_wanted):
        sign = random.choice((1, -1)) if equal else 1
        drawn = random.choice(recorded).items()
        return {metric: ratio**sign * random.uniform(1, NO_TIE) for metric, ratio in drawn}

    experiment = Experiment(draw, metrics, most_pairs, 600, progress=lambda *state: None)
    # The intervals are shown to people, and decide nothing.
    with mock.patch("perftests.compare.verdicts.bootstrap_interval"):
        return experiment.run()


if __name__ == "__main__":
    main()
