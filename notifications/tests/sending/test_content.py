import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from unittest.mock import ANY
from uuid import uuid4

from django.contrib.auth.models import AnonymousUser, Group
from django.db import models
from django.db.migrations.state import ProjectState
from django.test import TestCase, override_settings, tag
from django.test.utils import isolate_apps
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from notifications.exceptions import InvalidNotification, InvalidRecipient, NotificationError
from notifications.models import Delivery, Notification
from notifications.send import notify
from notifications.sending.content import reference
from notifications.store.frames import read_frames

from ..users import User, make_user

FAR = "2100-01-01T00:00:00+00:00"


class ActorTests(TestCase):
    def setUp(self):
        self.alice = make_user("alice")
        self.group = Group.objects.create(name="Shop")

    def test_actor_and_target_of_a_notification_can_be_followed(self):
        notify(self.alice, "Hi", actor=self.alice, target=self.group)
        notification = Notification.objects.get()
        self.assertEqual((notification.actor, notification.target), (self.alice, self.group))

    def test_the_names_of_actor_and_target_are_those_of_the_day(self):
        notify(self.alice, "Hi", actor=self.alice, target=self.group)
        User.objects.update(username="renamed")
        Group.objects.update(name="Renamed")
        notification = Notification.objects.get()
        self.assertEqual((notification.actor_text, notification.target_text), ("alice", "Shop"))

    def test_the_names_of_actor_and_target_outlive_them(self):
        bob = make_user("bob")
        notify(self.alice, "Hi", actor=bob, target=self.group)
        bob.delete()
        self.group.delete()
        notification = Notification.objects.get()
        self.assertEqual((notification.actor, notification.target), (None, None))
        self.assertEqual((notification.actor_text, notification.target_text), ("bob", "Shop"))
        self.assertEqual(Delivery.objects.count(), 1)

    def test_a_long_name_of_an_actor_or_a_target_is_cut(self):
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

    def test_an_actor_or_a_target_that_is_no_saved_row_is_refused(self):
        for bad in ("alice", 7, User, User(username="unsaved"), AnonymousUser()):
            with (
                self.subTest(bad),
                self.assertRaisesRegex(InvalidNotification, "^actor is .* saved"),
            ):
                notify(self.alice, "Hi", actor=bad)
            with self.subTest(bad), self.assertRaisesRegex(InvalidNotification, "^target is "):
                notify(self.alice, "Hi", target=bad)
        self.assertFalse(Notification.objects.exists())

    def test_a_target_with_a_name_that_no_database_stores_is_refused(self):
        self.group.name = "Shop\x00"
        with self.assertRaisesRegex(InvalidNotification, "target_text contains a NUL character"):
            notify(self.alice, "Hi", target=self.group)

    @isolate_apps("notifications")
    def test_an_actor_or_a_target_that_has_no_text_is_refused(self):
        class Broken(Group):
            class Meta:
                proxy = True
                app_label = "durable_notifications"

            def __str__(self):
                return texts.pop()

        for text in (7, None, gettext_lazy("Shop"), b"Shop"):
            texts = [text]
            with (
                self.subTest(text),
                self.assertRaisesRegex(
                    InvalidNotification,
                    "^actor is a Broken that has no text: its __str__ raised TypeE",
                ),
            ):
                notify(self.alice, "Hi", actor=Broken.objects.get())
        texts = []
        with self.assertRaisesRegex(InvalidNotification, "its __str__ raised IndexError"):
            notify(self.alice, "Hi", target=Broken.objects.get())
        with self.assertRaisesRegex(InvalidNotification, "^actor is a Broken; give a saved"):
            notify(self.alice, "Hi", actor=Broken(name="unsaved"))
        self.assertFalse(Notification.objects.exists())

    def test_an_actor_that_its_primary_key_as_text_does_not_find_is_refused(self):
        def actor(key):
            instance = keyed(pk=key)
            instance._state.adding = False
            return instance

        for field, key, message in (
            (models.CharField, "k" * 65, "primary key of actor has 65 characters; at most 64 fit"),
            (models.CharField, "nul\x00", "cannot be kept as text"),
            (models.CharField, "\udc80", "cannot be kept as text"),
            (models.BinaryField, b"\xff", "cannot be kept as text"),
            (models.IntegerField, (1, 2), "cannot be kept as text"),
        ):
            keyed = model_with_key(field)
            with self.subTest(key), self.assertRaisesRegex(InvalidNotification, message):
                notify(self.alice, "Hi", actor=actor(key))
        self.assertFalse(Notification.objects.exists())

    def test_a_primary_key_of_an_actor_is_kept_as_text_whatever_its_type(self):
        for field, key in (
            (models.CharField, "k" * 64),
            (models.CharField, " 7 "),
            (models.UUIDField, uuid4()),
            (models.DecimalField, Decimal("1.50")),
            (models.DateField, date(2026, 11, 26)),
            (models.DateTimeField, datetime(2026, 11, 26, tzinfo=UTC)),
        ):
            instance = model_with_key(field)(pk=key)
            instance._state.adding = False
            with self.subTest(key):
                columns = reference("actor", instance, "default")
                self.assertEqual(columns["actor_object_id"], str(key))

    def test_an_actor_of_a_historical_model_can_be_followed(self):
        apps = ProjectState.from_apps(User._meta.apps).apps
        historical = apps.get_model("auth", "Group").objects.get()
        notify(self.alice, "Hi", actor=historical)
        self.assertEqual(Notification.objects.get().actor, self.group)


@isolate_apps("notifications")
def model_with_key(field):
    class Keyed(models.Model):
        code = field(primary_key=True)

        class Meta:
            app_label = "durable_notifications"

        def __str__(self):
            return "keyed"

    return Keyed


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

    def test_links_that_run_code_or_lead_elsewhere_are_refused(self):
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

    def test_links_that_browsers_read_otherwise_are_refused(self):
        for url in (
            "/orders/17/\n",
            "\t/orders/",
            "/two words/",
            "/a\u2028b",
            "/a\x7fb",
            "/\\evil.example",
            "https:\\\\evil.example",
        ):
            self.assert_refused("is not a link to a page; percent-encode", url=url)
        for url in ("http:", "https://", "https:///path", "http:evil.example", "https://:80/"):
            self.assert_refused("is not a link to a page$", url=url)
        self.assert_refused("is not a link: Port", url="http://example.com:99999/")
        self.assert_refused("is not a link: Port", url="http://example.com:abc/")

    def test_a_link_may_have_letters_of_any_language_a_port_and_ipv6(self):
        for url in ("/Zoë/👋/", "https://bücher.example:8443/?q=1#x", "http://[::1]:80/"):
            self.assertEqual(notify([], "Hi", url=url).url, url)

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

    def test_an_expiry_that_is_no_time_with_a_zone_is_refused(self):
        for bad in ("tomorrow", FAR, 60, date(2100, 1, 1), timedelta(hours=1)):
            self.assert_refused("^expires_at is .*; give a datetime$", expires_at=bad)
        self.assert_refused("give one with a time zone", expires_at=datetime(2100, 1, 1))

    def test_an_expiry_that_some_time_zone_cannot_read_back_is_refused(self):
        west, east = timezone(timedelta(hours=-12)), timezone(timedelta(hours=14))
        for bad in (
            datetime(9999, 12, 31, 23, 59, tzinfo=west),
            datetime(9999, 12, 31, 23, 59, tzinfo=UTC),
            datetime.max.replace(tzinfo=east),
            datetime(1, 1, 1, tzinfo=east),
            datetime.min.replace(tzinfo=UTC),
        ):
            self.assert_refused("give one of the years 2 to 9998, or none", expires_at=bad)

    def test_the_latest_and_the_earliest_expiry_come_back_as_they_were(self):
        for zone in (timezone(timedelta(hours=-12)), UTC, timezone(timedelta(hours=14))):
            for time in (datetime(9998, 12, 31, 23, 59, 59, 999999), datetime(2, 1, 1)):
                expires_at = time.replace(tzinfo=zone)
                notification = notify([], "Hi", expires_at=expires_at)
                notification.refresh_from_db()
                self.assertEqual(notification.expires_at, expires_at)

    def test_an_expiry_of_a_subclass_of_datetime_is_stored_as_any_other(self):
        class OwnTime(datetime):
            def __str__(self):
                return "some day"

        expires_at = OwnTime(2100, 1, 1, tzinfo=UTC)
        notification = notify([], "Hi", expires_at=expires_at)
        self.assertIs(type(notification.expires_at), datetime)
        self.assertEqual(Notification.objects.get().expires_at, expires_at)

    def test_a_lazy_expiry_is_refused_with_a_sentence(self):
        lazy = SimpleLazyObject(lambda: datetime(2100, 1, 1, tzinfo=UTC))
        self.assert_refused("expires_at is .*; give a datetime", expires_at=lazy)

    @override_settings(USE_TZ=False)
    def test_an_expiry_with_a_zone_is_refused_where_time_zones_are_off(self):
        expires_at = datetime.fromisoformat(FAR)
        self.assert_refused("give one without a time zone", expires_at=expires_at)

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


texts = st.text(st.characters(exclude_categories=[]))
any_data = st.dictionaries(
    texts,
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | texts,
        lambda children: (
            st.lists(children, max_size=3)
            | st.dictionaries(texts | st.integers() | st.booleans(), children, max_size=3)
        ),
        max_leaves=8,
    ),
    max_size=4,
)


@tag("slow")
class AnyContentTests(HypothesisTestCase):
    """What is sent is stored and shown as it was given, or refused before a row is written."""

    @settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
    @given(title=texts, body=texts, url=st.text(), data=any_data, key=st.none() | texts)
    @example(title="x", body="", url="", data={"a": 1e300}, key=None)
    @example(title="x", body="", url="", data={"a": 1e16}, key=None)
    @example(title="x", body="", url="", data={"a": -0.0, "b": 5e-324}, key=None)
    @example(title="x", body="", url="", data={"a": 2**53}, key=None)
    @example(title="x", body="", url="", data={1: 1, "1": 2}, key=None)
    def test_any_content_is_stored_and_readable_or_refused(self, title, body, url, data, key):
        root = make_user("root", is_staff=True, is_superuser=True)
        try:
            returned = notify(root, title, body=body, url=url, data=data, key=key)
        except InvalidNotification:
            self.assertFalse(Notification.objects.exists())
            return
        stored = Notification.objects.get()
        given = (title, body, url, returned.data, key)
        self.assertEqual((stored.title, stored.body, stored.url, stored.data, stored.key), given)
        self.assertEqual(repr_of(stored.data), repr_of(returned.data))
        text, _ = read_frames([stored.pk])[stored.pk]
        # As JSON: PostgreSQL keeps the keys of an object in an order of its own.
        self.assertEqual(json.loads(text), json.loads(returned.frame()))
        self.assertEqual(json.loads(text)["data"], stored.data)
        self.client.force_login(root)
        page = reverse("admin:durable_notifications_notification_change", args=[stored.pk])
        self.assertEqual(self.client.get(page).status_code, 200)


def repr_of(value):
    """Tells 1 from 1.0 and 0.0 from −0.0, whatever the order of keys."""
    return json.dumps(value, sort_keys=True)
