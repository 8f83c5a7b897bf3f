import json

from django.test import SimpleTestCase
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from msgspec import ValidationError

from perftests.measure.series import Series
from perftests.records.codec import decoder, encode, from_builtins, to_builtins, without
from perftests.records.results import FORMAT_VERSION, Report, Result
from perftests.records.targets import Metric, Target

from ..sample_reports import BROKEN, MISSED, PASSED, SKIPPED, report

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
EXAMPLES = hypothesis_settings(max_examples=100, deadline=None, database=None)


class CodecTests(SimpleTestCase):
    whole = report(PASSED, MISSED, BROKEN, SKIPPED)

    def test_a_report_comes_back_from_plain_data_as_it_was(self):
        self.assertEqual(from_builtins(to_builtins(self.whole), Report), self.whole)

    def test_a_report_comes_back_from_json_as_it_was(self):
        self.assertEqual(decoder(Report).decode(encode(self.whole)), self.whole)

    def test_plain_data_is_what_is_in_the_json(self):
        plain = to_builtins(self.whole)
        self.assertEqual(json.loads(json.dumps(plain)), json.loads(encode(self.whole)))

    def test_a_record_is_written_with_its_format_verdicts_and_targets_as_text(self):
        plain = json.loads(encode(self.whole))
        first = plain["results"][0]
        rate, p99 = first["metrics"]
        self.assertEqual(plain["format_version"], FORMAT_VERSION)
        self.assertEqual((plain["verdict"], first["verdict"]), ("fail", "pass"))
        self.assertEqual((rate["required"], rate["required_verdict"]), ("> 100", "pass"))
        self.assertEqual((rate["goal"], rate["goal_verdict"]), ("> 2000", "fail"))
        self.assertEqual((p99["required"], p99["required_verdict"]), (None, None))

    def test_a_verdict_that_was_written_is_not_believed(self):
        plain = to_builtins(self.whole)
        plain["verdict"] = plain["results"][1]["verdict"] = "pass"
        plain["results"][1]["metrics"][0]["required_verdict"] = "pass"
        self.assertEqual(from_builtins(plain, Report), self.whole)

    @given(NUMBERS, NUMBERS)
    @EXAMPLES
    def test_every_number_of_a_record_comes_back_exactly(self, one, another):
        metric = Metric("n", one, required=Target("<", another))
        series = Series("s", "", (one,), (another,))
        for record in (metric, series):
            self.assertEqual(decoder(type(record)).decode(encode(record)), record)
            self.assertEqual(from_builtins(to_builtins(record), type(record)), record)

    def test_data_that_is_no_record_is_refused_with_its_place(self):
        good = to_builtins(PASSED)
        for change, place in (
            ({"seconds": "long"}, r"\$\.seconds"),
            ({"outcome": "great"}, r"\$\.outcome"),
            ({"metrics": [{"name": "n", "value": None}]}, r"no reason why - at `\$\.metrics\[0\]"),
            ({"metrics": [{"name": "n", "value": 1, "goal": "fast"}]}, "'fast' is no target"),
            ({"series": [{"name": "s"}]}, r"\$\.series\[0\]"),
        ):
            with self.subTest(change), self.assertRaisesRegex(ValidationError, place):
                from_builtins({**good, **change}, Result)

    def test_a_field_that_is_left_out_is_read_as_its_default(self):
        metric = Metric("n", 1.0)
        told = without("", to_builtins(metric))
        self.assertNotIn("unit", told)
        self.assertEqual(from_builtins(told, Metric), metric)
