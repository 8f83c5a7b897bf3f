import random

from django.test import SimpleTestCase
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from perftests.records.causes import Kind
from perftests.reports.trends import Measured, Sample, Trend
from perftests.watch.findings import news
from perftests.watch.steps import steps

FIRST = 100
"""The number of the first run."""

EXAMPLES = hypothesis_settings(max_examples=15, deadline=None, database=None)


def trend(values, better="lower"):
    made = Trend(Measured("here", "", "s.T.t", "N1", "p99", "ms", better))
    for number, value in enumerate(values):
        made.add(Sample(FIRST + number, made.of, value, None))
    return made


def watch(values, better="lower", window=50):
    """What is told, run by run, of a metric with these values: (run, word, since)."""
    known, ever, told = {}, set(), []
    for end in range(1, len(values) + 1):
        line = trend(values[:end], better)
        start = max(0, end - window)
        line = Trend(line.of, line.runs[start:], line.values[start:], line.intervals[start:])
        new = news(known, steps([line], known, ever))
        for cause in new.over:
            del known[cause.key]
            told.append((line.runs[-1], "over", cause.key.since))
        for cause in new.begun:
            known[cause.key] = cause
            ever.add(cause.key)
            told.append((line.runs[-1], "begun", cause.key.since))
    return told


def noisy(level, runs, seed, spread=0.02):
    chance = random.Random(seed)
    return [level * chance.gauss(1, spread) for _ in range(runs)]


class StepTests(SimpleTestCase):
    def test_a_step_of_30_percent_is_told_once_by_the_third_run_that_shows_it(self):
        self.assertEqual(
            watch([10.0, 10.1, 9.9, 10.0, 10.1, 9.9, *[13.0, 13.1, 12.9] * 5]),
            [(FIRST + 8, "begun", FIRST + 6)],
        )

    def test_a_step_says_from_which_level_it_went_to_which(self):
        values = [10.0, 10.0, 10.0, 13.0, 13.0, 13.0]
        [cause] = steps([trend(values)], {}, ()).found.values()
        self.assertEqual((cause.key.kind, cause.row), (Kind.STEP, "N1"))
        self.assertEqual((cause.before.value, cause.metric.value), (10.0, 13.0))

    def test_a_step_is_over_when_three_runs_are_back_and_not_by_one_odd_run(self):
        values = [*[10.0] * 6, *[13.0] * 6, 10.0, 13.0, 13.0, 10.0, 10.0, 10.0, *[10.0] * 6]
        self.assertEqual(
            watch(values), [(FIRST + 8, "begun", FIRST + 6), (FIRST + 17, "over", FIRST + 6)]
        )

    def test_a_step_upon_a_step_is_told_as_another_one(self):
        values = [*[10.0] * 8, *[13.0] * 8, *[17.0] * 8]
        told = watch(values)
        self.assertEqual(
            [(word, since) for _, word, since in told],
            [("begun", FIRST + 8), ("begun", FIRST + 16)],
        )

    def test_a_step_stays_open_when_the_runs_before_it_are_looked_at_no_more(self):
        told = watch([*[10.0] * 8, *[13.0] * 40], window=20)
        self.assertEqual([word for _, word, _ in told], ["begun"])

    def test_no_step_to_the_better_and_none_of_what_has_no_better_direction_is_told(self):
        values = [*[10.0] * 6, *[13.0] * 6]
        self.assertEqual(watch(values, better="higher"), [])
        self.assertEqual(watch(values, better=""), [])
        self.assertEqual(len(watch(values[::-1], better="higher")), 1)

    def test_a_step_that_a_run_has_not_measured_is_not_over(self):
        values = [*[10.0] * 6, *[13.0] * 6]
        [cause] = steps([trend(values)], {}, ()).found.values()
        nothing = steps([], {cause.key: cause}, {cause.key})
        self.assertEqual((nothing.found, nothing.measured), ({}, set()))

    @given(st.integers(0, 10_000), st.integers(6, 20), st.integers(8, 25))
    @EXAMPLES
    def test_a_noisy_step_is_told_once_though_it_seems_to_begin_elsewhere_with_each_run(
        self, seed, before, after
    ):
        values = noisy(10.0, before, seed) + noisy(13.0, after, seed + 1)
        words = [word for _, word, _ in watch(values)]
        self.assertEqual(words.count("over"), 0)
        self.assertEqual(words.count("begun"), 1)

    @given(st.integers(0, 10_000))
    @EXAMPLES
    def test_whatever_the_values_are_each_step_is_told_once_and_over_once(self, seed):
        chance = random.Random(seed)
        values = [value for _ in range(3) for value in noisy(chance.uniform(5, 20), 7, seed, 0.1)]
        told = watch(values)
        for since in {since for *_, since in told}:
            words = [word for _, word, at in told if at == since]
            self.assertIn(words, (["begun"], ["begun", "over"]))
