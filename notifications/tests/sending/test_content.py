from datetime import datetime
from decimal import Decimal
from unittest.mock import ANY

from django.test import override_settings

from notifications.exceptions import InvalidNotification, InvalidRecipient, NotificationError
from notifications.send import notify

from ..users import User
from .contents import ContentTestCase
from .test_expiries import FAR


class RefusedContentTests(ContentTestCase):
    def test_a_level_that_does_not_exist_is_refused(self):
        for level in ("", "INFO", "loud", None, 7, ["info"]):
            self.assert_refused("does not exist; choose info, success, warning, error", level=level)

    def test_a_title_or_body_or_key_that_is_no_text_is_refused(self):
        for name in ("body", "category", "url"):
            for bad in (None, 7, b"Hi", ["Hi"]):
                self.assert_refused(f"^{name} is .*; give text$", **{name: bad})
        for bad in (None, 7, b"Hi"):
            self.assert_refused("^title is .*; give text$", bad)
        self.assert_refused("^key is 7; give text$", key=7)

    def test_an_empty_title_and_an_empty_key_are_refused(self):
        self.assert_refused("^title is empty$", "")
        self.assert_refused("^key is empty; without a key, leave it out$", key="")

    def test_texts_that_do_not_fit_into_their_columns_are_refused(self):
        self.assert_refused("title has 201 characters; at most 200 fit", "x" * 201)
        self.assert_refused("category has 51 characters; at most 50 fit", category="x" * 51)
        self.assert_refused("url has 2001 characters; at most 2000 fit", url="x" * 2001)
        self.assert_refused("key has 201 characters; at most 200 fit", key="x" * 201)

    def test_a_title_of_white_space_alone_is_refused(self):
        self.assert_refused("^title is empty$", " \n\u2003")

    def test_a_level_that_only_claims_to_be_equal_is_refused(self):
        self.assert_refused("does not exist; choose", level=ANY)

    def test_a_refused_value_that_cannot_be_shown_is_named_by_its_type(self):
        self.assert_refused("^body is a int; give text$", body=10**5000)

    def test_data_that_is_no_dict_is_refused(self):
        for data in ([], [1], "", "text", 0, 7, False, {1, 2}, b"{}"):
            self.assert_refused("^data is .*; give a dict that JSON can hold$", data=data)

    def test_data_that_json_cannot_hold_is_refused(self):
        looped = {}
        looped["self"] = looped
        deep = {}
        for _ in range(10_000):
            deep = {"a": deep}
        for value in (
            object(),
            {1, 2},
            b"bytes",
            datetime.fromisoformat(FAR),
            Decimal("1.5"),
            float("nan"),
            float("inf"),
            User(username="x"),
            {(1, 2): 3},
            10**5000,
            looped,
            deep,
        ):
            with (
                self.subTest(type(value)),
                self.assertNumQueries(0),
                self.assertRaisesRegex(InvalidNotification, "^data is not JSON: "),
            ):
                notify(self.alice, "Hi", data={"a": [value]})

    def test_characters_that_no_database_stores_are_refused(self):
        for name in ("body", "category", "url", "key"):
            self.assert_refused(f"^{name} contains a NUL character", **{name: "a\x00b"})
        self.assert_refused("^title contains a NUL character", "\x00")
        for data in ({"a": "\x00"}, {"\x00": 1}, {"a": [{"b": "\\\x00"}]}):
            self.assert_refused("^data contains a NUL character", data=data)

    def test_half_of_a_surrogate_pair_is_refused(self):
        for name in ("body", "category", "url", "key"):
            self.assert_refused(f"^{name} is not valid Unicode: surr", **{name: "\ud83d"})
        self.assert_refused("^title is not valid Unicode: surrogates not allowed", "\ud83d")
        for data in ({"a": "\udc4b"}, {"\udc4b": 1}):
            self.assert_refused("^data is not JSON: .* surrogates not allowed", data=data)

    def test_content_larger_than_a_client_has_to_hold_is_refused(self):
        self.assert_refused("bytes as JSON; at most 8192 are sent .*MAX_PAYLOAD", body="x" * 8192)
        self.assert_refused("bytes as JSON", body="👋" * 2100)
        self.assert_refused("bytes as JSON", data={"a": "x" * 8192})

    @override_settings(NOTIFICATIONS={"MAX_PAYLOAD_BYTES": 1000})
    def test_content_that_is_accepted_is_never_larger_than_the_limit(self):
        body = ""
        with self.assertRaises(InvalidNotification):
            while True:
                notification = notify(self.alice, "Hi", body=body)
                self.assertLessEqual(len(notification.frame().encode()), 1000)
                body += "ä" * 20
        self.assertGreater(len(notification.frame().encode()), 900)

    def test_content_is_checked_before_the_recipients(self):
        with self.assertRaises(InvalidNotification):
            notify(None, "")

    def test_each_refusal_of_notify_is_an_error_of_this_app_and_a_value_error(self):
        for error in (InvalidNotification, InvalidRecipient):
            self.assertTrue(issubclass(error, NotificationError))
            self.assertTrue(issubclass(error, ValueError))
