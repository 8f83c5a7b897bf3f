import math
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy
from django.test import SimpleTestCase
from django.utils.safestring import mark_safe

from perftests.measure.series import Phase, Series
from perftests.models import PerfMetric, PerfResult
from perftests.records.codec import decoder, encode
from perftests.records.results import Outcome, Result
from perftests.records.storable import (
    LONGEST,
    LONGEST_TEXT,
    plain,
    require_metric,
    require_number,
    require_series,
    require_text,
    shown,
    storable,
)
from perftests.records.targets import Metric, Target, Verdict

RESULT = Result(
    test="app.tests.Class.test_it",
    suite="notification",
    row="N1",
    title="It is “fast”",
    outcome=Outcome.COMPLETED,
    seconds=1.5,
    metrics=(Metric("rate", 80.0, "/s", "higher", required=Target(">", 10)),),
    series=(Series("cpu", "%", (0.0, 0.1), (5.0, 7.5)),),
    histograms={"latency": "HISTFAAAA"},
    notes=("a note",),
)
NAN, INFINITY = float("nan"), float("inf")


class Mute:
    def __repr__(self):
        raise RuntimeError("no repr")


class StorableNumberTests(SimpleTestCase):
    def test_every_kind_of_number_is_taken_as_a_float(self):
        for value in (2, 2.0, Decimal("2"), Fraction(4, 2), numpy.int64(2), numpy.float32(2)):
            with self.subTest(repr(value)):
                number = require_number("a rate", value)
                self.assertEqual((type(number), number), (float, 2.0))

    def test_a_value_that_is_no_finite_float_is_refused_by_name(self):
        for value in (
            NAN,
            -INFINITY,
            numpy.nan,
            Decimal("sNaN"),
            10**400,
            "2",
            b"2",
            2j,
            None,
            [2.0],
            numpy.zeros(3),
            Mute(),
        ):
            with self.subTest(shown(value)), self.assertRaisesRegex(ValueError, "^a rate is "):
                require_number("a rate", value)


class StorableTextTests(SimpleTestCase):
    def test_text_that_every_database_takes_is_accepted(self):
        for text in ("", "plain", "“…” 😀\n\t\x1b\x7f", "x" * LONGEST_TEXT):
            self.assertEqual(require_text("a note", text), text)

    def test_a_subclass_of_str_is_stored_as_str(self):
        self.assertIs(type(require_text("a note", mark_safe("bold"))), str)

    def test_text_that_no_database_takes_is_refused_by_name(self):
        for text in ("a\0b", "a\ud800b", b"bytes", None, 5, "x" * (LONGEST_TEXT + 1), Mute()):
            with self.subTest(shown(text)[:20]), self.assertRaisesRegex(ValueError, "^a note "):
                require_text("a note", text)

    def test_plain_text_keeps_what_can_be_kept_and_escapes_the_rest(self):
        self.assertEqual(plain("kept “…” 😀"), "kept “…” 😀")
        self.assertEqual(plain("a\0b\ud800c"), "a\\x00b\\ud800c")
        self.assertEqual(plain(None), "None")

    def test_plain_text_of_a_long_text_is_its_two_ends(self):
        text = plain("begin" + "x" * 10_000_000 + "end")
        self.assertEqual(len(text), LONGEST_TEXT)
        self.assertTrue(text.startswith("begin") and text.endswith("end") and " […] " in text)
        self.assertEqual(len(plain("x" * 300, 16)), 16)

    def test_an_object_whose_repr_fails_is_shown_all_the_same(self):
        self.assertEqual(shown(Mute()), "<a Mute whose repr raises RuntimeError>")

    def test_the_limits_of_texts_are_those_of_the_columns(self):
        columns = {
            name: model._meta.get_field(name).max_length
            for model, names in (
                (PerfResult, ("test", "suite", "row")),
                (PerfMetric, ("name", "unit")),
            )
            for name in names
        }
        self.assertEqual(columns, LONGEST)


class StorablePartTests(SimpleTestCase):
    def test_a_metric_that_cannot_be_stored_is_refused(self):
        good = Metric("rate", 80, "/s")
        for fields in (
            {"name": ""},
            {"name": "x" * 256},
            {"name": None},
            {"name": "a\0b"},
            {"unit": "x" * 65},
            {"unit": "\ud800"},
            {"unit": None},
            {"doubt": "a\0b"},
            {"better": "sideways"},
            {"value": NAN},
            {"value": "80"},
        ):
            with self.subTest(fields), self.assertRaises(ValueError):
                require_metric(replace(good, **fields))
        self.assertIs(type(require_metric(good).value), float)

    def test_a_series_that_cannot_be_stored_is_refused(self):
        good = Series("cpu", "%", (0.0, 1.0), (5.0, 6.0))
        for fields in (
            {"name": "a\0b"},
            {"unit": "x" * 65},
            {"seconds": (0.0,)},
            {"values": (5.0, NAN)},
            {"seconds": (INFINITY, 1.0)},
            {"values": ("5", 6.0)},
            {"phases": (Phase(0.0, "a\0b"),)},
            {"phases": (Phase(math.nan, "warm-up"),)},
        ):
            with self.subTest(fields), self.assertRaises(ValueError):
                require_series(replace(good, **fields))
        with self.assertRaisesRegex(ValueError, "has to be a Series, not None"):
            require_series(None)
        self.assertEqual(require_series(replace(good, values=[5, 6])), good)
        phased = replace(good, phases=(Phase(0.5, "measured"),))
        self.assertEqual(require_series(phased), phased)


class StorableResultTests(SimpleTestCase):
    def test_a_result_without_fault_stays_as_it_is(self):
        self.assertEqual(storable(RESULT), RESULT)

    def test_a_part_that_cannot_be_stored_stands_in_the_detail_and_fails_the_test(self):
        for fields, expected in (
            ({"test": "x" * 300}, "the test has 300 characters"),
            ({"suite": "a\0b"}, "'a\\x00b'"),
            ({"suite": None}, "the suite has to be text, not None"),
            ({"row": "x" * 17}, "at most 16 are stored"),
            ({"title": "a\ud800b"}, "'a\\ud800b'"),
            ({"title": Mute()}, "a Mute whose repr raises"),
            ({"seconds": NAN}, "the time of the test is nan"),
            ({"metrics": (*RESULT.metrics, Metric("bad", NAN, "ms"))}, "Metric(name='bad'"),
            ({"metrics": (None,)}, "None"),
            ({"series": (Series("bad", "", (0.0,), ()),)}, "Series(name='bad'"),
            ({"histograms": {"a\0b": "HIST"}}, "'a\\x00b'"),
            ({"histograms": {"a": b"HIST"}}, "b'HIST'"),
            ({"notes": ("good", "a\0b")}, "'a\\x00b'"),
            ({"notes": ("x" * 5_000_000,)}, "xxx"),
        ):
            with self.subTest(expected):
                kept = storable(replace(RESULT, **fields))
                self.assertIs(kept.outcome, Outcome.ERROR)
                self.assertIs(kept.verdict, Verdict.FAIL)
                self.assertIn("It cannot be stored", kept.detail)
                self.assertIn(expected, kept.detail)
                self.assertLess(len(kept.detail), 5_000)
                self.assertEqual(decoder(Result).decode(encode(kept)), kept)
                self.assertEqual(storable(kept), kept, "once is enough")

    def test_the_rest_of_a_result_with_a_fault_is_kept(self):
        metrics = (Metric("bad", NAN, "ms"), *RESULT.metrics)
        kept = storable(replace(RESULT, metrics=metrics, notes=("good", "a\0b"), detail="before"))
        self.assertEqual((kept.metrics, kept.notes), (RESULT.metrics, ("good",)))
        self.assertTrue(kept.detail.startswith("before\n"))

    def test_the_text_of_a_failure_is_escaped_and_cut_without_changing_the_result(self):
        failed = replace(RESULT, outcome=Outcome.FAILED, detail="a\0b" + "x" * 10_000_000)
        kept = storable(failed)
        self.assertEqual(replace(kept, detail=""), replace(failed, detail=""))
        self.assertEqual((kept.detail[:6], len(kept.detail)), ("a\\x00b", LONGEST_TEXT))
