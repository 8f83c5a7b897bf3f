from django.test import SimpleTestCase
from django.utils.translation import override

from perftests.records.causes import Kind
from perftests.records.targets import Metric
from perftests.watch import words

from .samples import FEW, MANY, make_cause

MISSED = make_cause()
BROKEN = make_cause("", metric=None)
MORE = make_cause("queries", Kind.REGRESSION, metric=MANY, before=FEW)
LEVELS = [Metric("p50", value, "ms") for value in (10.0, 13.0)]
STEP = make_cause("p50", Kind.STEP, since=7, metric=LEVELS[1], before=LEVELS[0])
PLENTY = 8000
SLOWER = make_cause(
    "push", Kind.REGRESSION, metric=Metric("push", 1.2, "×", low=1.1, high=1.3), against="v1"
)


class SentenceTests(SimpleTestCase):
    def test_each_cause_is_a_sentence_with_row_metric_and_numbers(self):
        for cause, said in (
            (MISSED, "N1 p99 misses its required target: 120 ms, required < 100 ms"),
            (BROKEN, "N1 failed: suites.Tests.test_delivery"),
            (MORE, "N1 queries is worse: 4 queries, before 3 queries"),
            (STEP, "N1 p50 is worse since run 7: 13 ms, before 10 ms"),
            (SLOWER, "push is worse than in v1: 1.20 × (1.1 to 1.3)"),
        ):
            with self.subTest(cause.key.kind):
                self.assertEqual(words.sentence(cause), said)

    def test_a_test_without_a_row_is_called_by_its_name(self):
        bare = make_cause(test="s.T.test_views")
        object.__setattr__(bare, "row", "")
        self.assertTrue(words.sentence(bare).startswith("test_views p99 misses"))

    def test_braces_in_names_are_names(self):
        odd = make_cause("{0} {what}", metric=Metric("{0}", 1.0, "{x}"))
        self.assertIn("N1 {0} {what} misses", words.sentence(odd))

    def test_causes_are_told_in_german_and_hebrew(self):
        for language, word in (("de", "verfehlt"), ("he", "יעד")):
            with override(language):
                self.assertIn(word, words.sentence(MISSED))

    def test_a_value_keeps_its_order_in_a_sentence_from_right_to_left(self):
        with override("he"):
            said = words.sentence(MISSED)
        self.assertIn(f"\u2066{MISSED.metric.text}\u2069", said)
        self.assertNotIn("\u2066", words.sentence(MISSED))


class TitleTests(SimpleTestCase):
    def test_a_title_names_the_run_the_first_cause_and_how_many_more_there_are(self):
        self.assertEqual(
            words.title(12, [MORE, STEP, MISSED], over=False),
            "Run 12: N1 queries is worse: 4 queries, before 3 queries (+2)",
        )
        self.assertEqual(
            words.title(12, [MORE], over=True),
            "Run 12: Over: N1 queries is worse: 4 queries, before 3 queries",
        )

    def test_no_title_is_longer_than_a_notification_takes(self):
        long = make_cause("n" * 255, metric=Metric("n" * 255, 1.0, "u" * 64))
        marked = make_cause("\N{HEBREW LETTER SHIN}\N{HEBREW POINT SHIN DOT}" * 127)
        for causes in ([long], [long] * 300, [marked]):
            self.assertLessEqual(len(words.title(12, causes, over=True)), words.LONGEST_TITLE)

    def test_a_body_has_a_line_for_each_cause_and_says_where(self):
        self.assertEqual(
            words.body([MORE, BROKEN], PLENTY).splitlines(),
            [words.sentence(MORE), words.sentence(BROKEN), "here"],
        )

    def test_a_body_of_many_causes_ends_with_how_many_more_there_are(self):
        lines = words.body([MORE] * 25, PLENTY).splitlines()
        self.assertEqual(len(lines), words.MOST_LINES + 2)
        self.assertEqual(lines[-2], "(+15)")

    def test_a_body_names_fewer_causes_where_a_notification_takes_less(self):
        for name in ("n" * 240, "\N{CJK UNIFIED IDEOGRAPH-901F}" * 240, "\x01" * 240):
            text = words.body([make_cause(name)] * 12, 6000)
            self.assertLessEqual(words.json_bytes(text), 6000)
            self.assertIn(name[:200], text)
            self.assertRegex(text, r"\(\+\d+\)\nhere$")
        self.assertEqual(words.body([MORE], 50), "")
