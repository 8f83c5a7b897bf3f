from collections import OrderedDict, namedtuple
from types import MappingProxyType

from django.db.models import IntegerChoices, TextChoices
from django.test import SimpleTestCase, override_settings
from django.urls import reverse_lazy
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import mark_safe
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy, override

from notifications.exceptions import InvalidNotification
from notifications.sending.plain import MAX_DEPTH, MAX_NUMBER, parse_data, plain_data, plain_text


class Colour(TextChoices):
    RED = "red", gettext_lazy("Yes")


class Size(IntegerChoices):
    BIG = 3


def nested(levels, inside=1):
    value = inside
    for number in range(levels):
        value = {"a": value} if number % 2 else [value]
    return value


class PlainTextTests(SimpleTestCase):
    def test_text_of_any_kind_becomes_plain_text(self):
        lazy = SimpleLazyObject(lambda: "lazy")
        for value, text in (
            ("as it is", "as it is"),
            (mark_safe("<b>"), "<b>"),
            (Colour.RED, "red"),
            (lazy, "lazy"),
            (reverse_lazy("login"), "/login/"),
            (format_lazy("{}!", gettext_lazy("Yes")), "Yes!"),
        ):
            with self.subTest(text):
                plain = plain_text(value)
                self.assertEqual((type(plain), plain), (str, text))

    def test_lazy_text_becomes_text_in_the_language_of_the_moment(self):
        with override("de"):
            self.assertEqual(plain_text(gettext_lazy("Yes")), "Ja")
        with override("fr"):
            self.assertEqual(plain_data({"a": [gettext_lazy("Yes")]}), {"a": ["Oui"]})

    def test_a_value_that_is_no_text_stays_as_it_is(self):
        for value in (None, 7, b"bytes", ["list"], True):
            self.assertIs(plain_text(value), value)


class PlainDataTests(SimpleTestCase):
    def assert_refused(self, message, data):
        with self.subTest(data), self.assertRaisesRegex(InvalidNotification, message):
            plain_data(data)

    def test_values_of_related_classes_become_those_that_json_has(self):
        Point = namedtuple("Point", "x y")
        data = MappingProxyType(
            {
                Colour.RED: Colour.RED,
                "size": Size.BIG,
                "point": Point(1, 2.5),
                "inner": OrderedDict(a=MappingProxyType({"b": ()})),
                7: None,
            }
        )
        plain = plain_data(data)
        self.assertEqual(
            plain,
            {"red": "red", "size": 3, "point": [1, 2.5], "inner": {"a": {"b": []}}, "7": None},
        )
        self.assertIs(type(plain["size"]), int)
        self.assertIs(type(plain["red"]), str)
        self.assertIs(type(plain["inner"]), dict)

    def test_minus_zero_becomes_zero_as_postgresql_has_it(self):
        self.assertEqual(repr(plain_data({"a": -0.0})), "{'a': 0.0}")

    def test_data_may_be_nested_as_deep_as_the_limit_and_no_deeper(self):
        deepest = {"a": nested(MAX_DEPTH - 1)}
        self.assertEqual(plain_data(deepest), deepest)
        message = f"^data is not JSON: it is nested more than {MAX_DEPTH} deep$"
        for levels in (MAX_DEPTH, 5_000, 100_000):
            with self.assertRaisesRegex(InvalidNotification, message):
                plain_data({"a": nested(levels)})

    def test_numbers_in_data_that_a_browser_would_round_are_refused(self):
        for number in (MAX_NUMBER, -MAX_NUMBER, float(MAX_NUMBER)):
            self.assertEqual(plain_data({"n": number}), {"n": number})
        for number in (2**53, -(2**53), 2**64, 10**5000, 1e16, -1e300):
            with self.assertRaisesRegex(
                InvalidNotification, r"^data is not JSON: data\['n'\] is a number beyond .* as text"
            ):
                plain_data({"n": number})

    def test_the_refusal_of_data_says_where_the_value_is(self):
        self.assert_refused(r"data\['a'\]\[1\]\['b'\] is set; give", {"a": [0, {"b": {1}}]})
        self.assert_refused(r"a key of data\['a'\] is tuple; keys are text", {"a": {(1, 2): 3}})
        self.assert_refused(r"data\['a'\] is nan, which is no number", {"a": float("nan")})

    def test_keys_of_data_that_are_the_same_as_text_are_refused(self):
        for data in ({1: "a", "1": "b"}, {True: "a", "true": "b"}, {None: 1, "null": 2}):
            self.assert_refused("has two keys that are .* as text", data)

    @override_settings(NOTIFICATIONS={"MAX_PAYLOAD_BYTES": 1000})
    def test_data_that_grows_without_end_is_given_up_early(self):
        shared = ["x"]
        for _ in range(MAX_DEPTH - 4):
            shared = [shared] * 10
        self.assert_refused("more bytes as JSON; at most 1000 .*MAX_PAYLOAD_BYTES", {"a": shared})


class ParseDataTests(SimpleTestCase):
    def test_data_is_parsed_as_json(self):
        self.assertEqual(parse_data('{"a": [1, "ü"]}'), {"a": [1, "ü"]})

    def test_text_that_is_no_json_is_refused_with_a_sentence(self):
        for text in (
            "",
            "{gb: 7}",
            "\ufeff{}",
            '{"a": 1} {}',
            '{"a": 1, "a": 2}',
            '{"a": {"b": 1, "b": 2}}',
            '{"a": ' + "9" * 5000 + "}",
            '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}",
        ):
            with (
                self.subTest(text[:20]),
                self.assertRaisesRegex(InvalidNotification, "^data is not JSON: "),
            ):
                parse_data(text)

    def test_values_that_parsing_lets_pass_are_refused_as_data(self):
        for text in ('{"a": 1e400}', '{"a": -Infinity}', '{"a": "\\u0000"}', '{"a": "\\ud800"}'):
            with self.subTest(text), self.assertRaisesRegex(InvalidNotification, "^data "):
                plain_data(parse_data(text))
