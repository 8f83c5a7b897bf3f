import json
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.contrib.auth.models import AnonymousUser, Group
from django.test import TestCase, override_settings
from django.utils.functional import SimpleLazyObject
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from notifications.exceptions import InvalidNotification, InvalidRecipient, NotificationError
from notifications.models import Delivery, Notification
from notifications.send import notify

from .users import User, make_user

FAR = "2100-01-01T00:00:00+00:00"


class ActorTests(TestCase):
    def setUp(self):
        self.alice = make_user("alice")
        self.group = Group.objects.create(name="Shop")

    def test_actor_and_target_can_be_followed(self):
        notify(self.alice, "Hi", actor=self.alice, target=self.group)
        notification = Notification.objects.get()
        self.assertEqual((notification.actor, notification.target), (self.alice, self.group))

    def test_their_names_are_those_of_the_day(self):
        notify(self.alice, "Hi", actor=self.alice, target=self.group)
        User.objects.update(username="renamed")
        Group.objects.update(name="Renamed")
        notification = Notification.objects.get()
        self.assertEqual((notification.actor_text, notification.target_text), ("alice", "Shop"))

    def test_their_names_outlive_them(self):
        bob = make_user("bob")
        notify(self.alice, "Hi", actor=bob, target=self.group)
        bob.delete()
        self.group.delete()
        notification = Notification.objects.get()
        self.assertEqual((notification.actor, notification.target), (None, None))
        self.assertEqual((notification.actor_text, notification.target_text), ("bob", "Shop"))
        self.assertEqual(Delivery.objects.count(), 1)

    def test_a_long_name_is_cut(self):
        notify(
            self.alice, "Hi", actor=Notification.objects.create(title="x" * 200), target=self.group
        )
        self.assertEqual(Notification.objects.first().actor_text, "x" * 200)
        self.group.name = "y" * 300
        notify(self.alice, "Hi", target=self.group)
        self.assertEqual(Notification.objects.first().target_text, "y" * 200)

    def test_the_lazy_user_of_a_request_can_be_the_actor(self):
        notify(self.alice, "Hi", actor=SimpleLazyObject(lambda: self.alice))
        self.assertEqual(Notification.objects.get().actor, self.alice)

    def test_it_rejects_what_is_no_saved_row(self):
        for bad in ("alice", 7, User, User(username="unsaved"), AnonymousUser()):
            with (
                self.subTest(bad),
                self.assertRaisesRegex(InvalidNotification, "^actor is .* saved"),
            ):
                notify(self.alice, "Hi", actor=bad)
            with self.subTest(bad), self.assertRaisesRegex(InvalidNotification, "^target is "):
                notify(self.alice, "Hi", target=bad)
        self.assertFalse(Notification.objects.exists())

    def test_it_rejects_a_name_that_no_database_stores(self):
        self.group.name = "Shop\x00"
        with self.assertRaisesRegex(InvalidNotification, "target_text contains a NUL character"):
            notify(self.alice, "Hi", target=self.group)


class RefusedContentTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.alice = make_user("alice")

    def assert_refused(self, message, title="Hi", **fields):
        with (
            self.subTest(title, **fields),
            self.assertNumQueries(0),
            self.assertRaisesRegex(InvalidNotification, message),
        ):
            notify(self.alice, title, **fields)

    def test_it_rejects_a_level_that_does_not_exist(self):
        for level in ("", "INFO", "loud", None, 7, ["info"]):
            self.assert_refused("does not exist; choose info, success, warning, error", level=level)

    def test_it_rejects_what_is_no_text(self):
        for name in ("body", "category", "url"):
            for bad in (None, 7, b"Hi", ["Hi"]):
                self.assert_refused(f"^{name} is .*; give text$", **{name: bad})
        for bad in (None, 7, b"Hi"):
            self.assert_refused("^title is .*; give text$", bad)
        self.assert_refused("^key is 7; give text$", key=7)

    def test_it_rejects_an_empty_title_and_an_empty_key(self):
        self.assert_refused("^title is empty$", "")
        self.assert_refused("^key is empty; without a key, leave it out$", key="")

    def test_it_rejects_texts_that_do_not_fit(self):
        self.assert_refused("title has 201 characters; at most 200 fit", "x" * 201)
        self.assert_refused("category has 51 characters; at most 50 fit", category="x" * 51)
        self.assert_refused("url has 2001 characters; at most 2000 fit", url="x" * 2001)
        self.assert_refused("key has 201 characters; at most 200 fit", key="x" * 201)

    def test_it_rejects_links_that_run_code_or_lead_elsewhere(self):
        for url in (
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            " javascript:alert(1)",
            "\x01javascript:alert(1)",
            "java\nscript:alert(1)",
            "data:text/html,<script>alert(1)</script>",
            "vbscript:msgbox(1)",
            "file:///etc/passwd",
        ):
            self.assert_refused("is not a link to a page", url=url)
        self.assert_refused("is not a link: Invalid IPv6 URL", url="http://[")

    def test_it_rejects_data_that_is_no_object(self):
        for data in ([], [1], "", "text", 0, 7, False, {1, 2}, b"{}"):
            self.assert_refused("^data is .*; give a dict that JSON can hold$", data=data)

    def test_it_rejects_data_that_json_cannot_hold(self):
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

    def test_it_rejects_characters_that_no_database_stores(self):
        for name in ("body", "category", "url", "key"):
            self.assert_refused(f"^{name} contains a NUL character", **{name: "a\x00b"})
        self.assert_refused("^title contains a NUL character", "\x00")
        for data in ({"a": "\x00"}, {"\x00": 1}, {"a": [{"b": "\\\x00"}]}):
            self.assert_refused("^data contains a NUL character", data=data)

    def test_it_rejects_half_of_a_surrogate_pair(self):
        for name in ("body", "category", "url", "key"):
            self.assert_refused(f"^{name} is not valid Unicode: surr", **{name: "\ud83d"})
        self.assert_refused("^title is not valid Unicode: surrogates not allowed", "\ud83d")
        for data in ({"a": "\udc4b"}, {"\udc4b": 1}):
            self.assert_refused("^data is not JSON: .* surrogates not allowed", data=data)

    def test_it_rejects_a_time_that_is_none(self):
        for bad in ("tomorrow", FAR, 60, date(2100, 1, 1), timedelta(hours=1)):
            self.assert_refused("^expires_at is .*; give a datetime$", expires_at=bad)
        self.assert_refused("give one with a time zone", expires_at=datetime(2100, 1, 1))

    @override_settings(USE_TZ=False)
    def test_without_time_zones_it_rejects_one(self):
        expires_at = datetime.fromisoformat(FAR)
        self.assert_refused("give one without a time zone", expires_at=expires_at)

    def test_it_rejects_more_than_a_client_has_to_hold(self):
        self.assert_refused("bytes as JSON; at most 8192 are sent .*MAX_PAYLOAD", body="x" * 8192)
        self.assert_refused("bytes as JSON", body="👋" * 2100)
        self.assert_refused("bytes as JSON", data={"a": "x" * 8192})

    @override_settings(NOTIFICATIONS={"MAX_PAYLOAD_BYTES": 1000})
    def test_what_is_accepted_is_never_bigger_than_the_limit(self):
        body = ""
        with self.assertRaises(InvalidNotification):
            while True:
                notification = notify(self.alice, "Hi", body=body)
                self.assertLessEqual(len(notification.frame().encode()), 1000)
                body += "ä" * 20
        self.assertGreater(len(notification.frame().encode()), 900)

    def test_it_looks_at_the_content_before_the_recipients(self):
        with self.assertRaises(InvalidNotification):
            notify(None, "")

    def test_each_refusal_is_an_error_of_this_app_and_a_value_error(self):
        for error in (InvalidNotification, InvalidRecipient):
            self.assertTrue(issubclass(error, NotificationError))
            self.assertTrue(issubclass(error, ValueError))


class AnyContentTests(HypothesisTestCase):
    """Whatever is sent is stored as it was given, or refused before a row is written."""

    @settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
    @given(
        title=st.text(st.characters(exclude_categories=[])),
        url=st.text(),
        data=st.dictionaries(
            st.text(), st.integers() | st.none() | st.text(st.characters(exclude_categories=[]))
        ),
    )
    def test_it_is_stored_or_refused(self, title, url, data):
        try:
            returned = notify([], title, url=url, data=data)
        except InvalidNotification:
            self.assertFalse(Notification.objects.exists())
            return
        stored = Notification.objects.get()
        self.assertEqual((stored.title, stored.url, stored.data), (title, url, data))
        # As JSON: PostgreSQL keeps the keys of an object in an order of its own.
        self.assertEqual(json.loads(stored.frame()), json.loads(returned.frame()))
