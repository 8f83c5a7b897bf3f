from django.test import SimpleTestCase
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from perftests.watch.findings import Findings, news

from .samples import make_cause

EXAMPLES = hypothesis_settings(max_examples=200, deadline=None, database=None)

CAUSES = [make_cause(name) for name in ("p99", "rate", "memory", "queries")]
SEEN = st.lists(
    st.fixed_dictionaries({cause: st.sampled_from([True, False, None]) for cause in CAUSES}),
    max_size=12,
)
"""Runs, each with what it says of each cause: wrong, well, or nothing."""


def findings(seen):
    found = Findings()
    for cause, wrong in seen.items():
        found.add(cause, wrong)
    return found


def told(runs):
    """What is told of each run, and what is open after each."""
    known, steps = {}, []
    for seen in runs:
        new = news(known, findings(seen))
        known = {key: cause for key, cause in known.items() if cause not in new.over}
        known |= {cause.key: cause for cause in new.begun}
        steps.append((new, set(known)))
    return steps


def words_of(cause, new):
    named = {"begun": new.begun, "over": new.over}
    return [word for word, causes in named.items() for each in causes if each.key == cause.key]


class NewsTests(SimpleTestCase):
    @given(SEEN)
    @EXAMPLES
    def test_each_cause_is_told_once_when_it_begins_and_once_when_it_is_over(self, runs):
        steps = told(runs)
        for cause in CAUSES:
            words = [word for new, _ in steps for word in words_of(cause, new)]
            self.assertEqual(words, [("begun", "over")[at % 2] for at in range(len(words))])

    @given(SEEN)
    @EXAMPLES
    def test_causes_are_open_that_were_wrong_when_they_were_last_measured(self, runs):
        last = {}
        for seen, (_, known) in zip(runs, told(runs), strict=True):
            last |= {cause.key: wrong for cause, wrong in seen.items() if wrong is not None}
            self.assertEqual(known, {key for key, wrong in last.items() if wrong})

    @given(SEEN)
    @EXAMPLES
    def test_a_run_tells_nothing_of_what_it_has_not_measured(self, runs):
        for seen, (new, _) in zip(runs, told(runs), strict=True):
            for cause in (*new.begun, *new.over):
                self.assertIsNotNone(seen[cause])

    @given(SEEN)
    @EXAMPLES
    def test_a_run_that_is_judged_once_more_is_no_news(self, runs):
        known = {key: make_cause(key.name) for key in (told(runs)[-1][1] if runs else ())}
        if runs:
            self.assertEqual(news(known, findings(runs[-1])), news({}, Findings()))


class FindingsTests(SimpleTestCase):
    def test_findings_of_two_looks_are_put_together(self):
        one, other = make_cause("p99"), make_cause("rate")
        both = findings({one: True})
        both.update(findings({other: False}))
        self.assertEqual(set(both.found), {one.key})
        self.assertEqual(both.measured, {one.key, other.key})
