import json
import threading
from datetime import date, datetime, timedelta
from decimal import Decimal

from asgiref.sync import async_to_sync
from django.contrib.auth.models import AnonymousUser, Group
from django.db import DatabaseError, connection, connections, transaction
from django.db.models.signals import pre_save
from django.test import SimpleTestCase, TestCase, TransactionTestCase, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import mark_safe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from notifications.exceptions import InvalidNotification, InvalidRecipient, NotificationError
from notifications.hints import HUBS, Announced, Notified, user_group
from notifications.models import Delivery, Level, Notification
from notifications.send import anotify, notify

from .listening import ListeningMixin
from .users import User, make_user, make_users

FAR = "2100-01-01T00:00:00+00:00"


class StoredTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.alice = make_user("alice")

    def stored(self, *args, **fields):
        returned = notify(self.alice, *args, **fields)
        notification = Notification.objects.get()
        self.assertEqual(returned.frame(), notification.frame())
        return notification

    def test_it_stores_what_it_was_given(self):
        expires_at = datetime.fromisoformat(FAR)
        notification = self.stored(
            "Hi",
            body="Read\nthis",
            level="warning",
            category="orders",
            url="/orders/17/?a=1#top",
            data={"a": [1, 2.5, None, True, "Zoë 👋"]},
            key="order-17",
            expires_at=expires_at,
        )
        self.assertEqual(
            (notification.title, notification.body, notification.level, notification.category),
            ("Hi", "Read\nthis", Level.WARNING, "orders"),
        )
        self.assertEqual((notification.url, notification.key), ("/orders/17/?a=1#top", "order-17"))
        self.assertEqual(notification.data, {"a": [1, 2.5, None, True, "Zoë 👋"]})
        self.assertEqual(notification.expires_at, expires_at)

    def test_only_recipients_and_title_are_needed(self):
        notification = self.stored("Hi")
        self.assertEqual((notification.level, notification.body), (Level.INFO, ""))
        self.assertEqual((notification.data, notification.key), ({}, None))
        self.assertIsNone(notification.expires_at)

    def test_every_level_may_be_given_by_name_or_member(self):
        for level in (*Level, *Level.values):
            self.assertEqual(notify(self.alice, "Hi", level=level).level, str(level))

    def test_the_delivery_is_queued(self):
        notification = self.stored("Hi")
        delivery = Delivery.objects.get()
        self.assertEqual((delivery.recipient, delivery.notification), (self.alice, notification))
        self.assertEqual(delivery.state, "queued")

    def test_links_lead_to_pages_or_to_mail(self):
        for url in (
            "/orders/17/",
            "https://example.com/a?b=c",
            "HTTP://example.com",
            "//example.com/a",
            "mailto:shop@example.com",
            "?page=2",
            "#top",
            "a/b:c",
        ):
            self.assertEqual(notify(self.alice, "Hi", url=url).url, url)

    def test_text_that_is_safe_for_html_is_stored_as_text(self):
        safe = mark_safe("<b>Hi</b>")
        notification = self.stored(safe, body=safe, data={safe: safe})
        self.assertEqual((notification.title, notification.body), ("<b>Hi</b>", "<b>Hi</b>"))
        self.assertEqual(notification.data, {"<b>Hi</b>": "<b>Hi</b>"})

    def test_data_is_returned_as_the_database_will_give_it(self):
        data = {1: (1, 2), None: {True: 2**70}, "level": Level.INFO}
        expected = {"1": [1, 2], "null": {"true": 2**70}, "level": "info"}
        self.assertEqual(self.stored("Hi", data=data).data, expected)

    def test_the_callers_data_stays_the_callers(self):
        data = {"a": [1]}
        notification = notify(self.alice, "Hi", data=data)
        notification.data["a"].append(2)
        self.assertEqual(data, {"a": [1]})

    def test_a_backslash_is_no_nul_character(self):
        self.assertEqual(self.stored("Hi", data={"a": r"C:\u0000"}).data, {"a": r"C:\u0000"})

    def test_the_longest_texts_fit(self):
        notification = self.stored("x" * 200, category="c" * 50, url="u" * 2000, key="k" * 200)
        self.assertEqual(len(notification.url), 2000)


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


class KeyTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.alice, cls.bob = make_user("alice"), make_user("bob")

    def test_the_same_key_again_sends_nothing(self):
        first = notify(self.alice, "Hi", key="a")
        again = notify(self.alice, "Hi", key="a")
        self.assertEqual((again.pk, again.created_at), (first.pk, first.created_at))
        self.assertEqual((Notification.objects.count(), Delivery.objects.count()), (1, 1))

    def test_the_stored_notification_stays_as_it_was(self):
        first = notify(self.alice, "Hi", key="a", level="error")
        again = notify(self.alice, "Changed", key="a")
        self.assertEqual((again.title, again.level), ("Hi", "error"))
        self.assertEqual(again.frame(), first.frame())

    def test_only_those_who_do_not_have_it_get_it(self):
        notify([self.alice], "Hi", key="a")
        Delivery.objects.all().mark_read()
        notify([self.alice, self.bob], "Hi", key="a")
        states = {d.recipient.username: d.state for d in Delivery.objects.all()}
        self.assertEqual(states, {"alice": "read", "bob": "queued"})

    def test_other_keys_are_other_notifications(self):
        pks = {notify(self.alice, "Hi", key=key).pk for key in ("a", "b", "A", None, None)}
        self.assertEqual(len(pks), 5)


class KeyRaceTests(ListeningMixin, TransactionTestCase):
    def test_senders_at_the_same_time_send_it_once(self):
        alice = make_user("alice")
        listener = self.listen(user_group(alice.pk))
        for key in ("a", "b", "c"):
            pks = self.race(lambda key=key: notify(alice, "Hi", key=key).pk)
            self.assertEqual(len(pks), 4)
            self.assertEqual(len(set(pks)), 1)
        self.assertEqual((Notification.objects.count(), Delivery.objects.count()), (3, 3))
        self.assertEqual(len(listener.heard()), 3)

    def test_one_who_waits_for_the_other_gets_the_others(self):
        alice = make_user("alice")
        with transaction.atomic():
            first = notify(alice, "First", key="a")
            second = []
            thread = self.start(lambda: second.append(notify(alice, "Second", key="a").title))
        thread.join(10)
        self.assertEqual((second, Notification.objects.get().pk), (["First"], first.pk))

    def race(self, send, senders=4):
        results = []
        start = threading.Barrier(senders)

        def run():
            start.wait(10)
            results.append(send())

        for thread in [self.start(run) for _ in range(senders)]:
            thread.join(10)
        return results

    def start(self, job):
        def run():
            try:
                job()
            finally:
                connections.close_all()

        thread = threading.Thread(target=run)
        thread.start()
        return thread


class QueryTests(ListeningMixin, TransactionTestCase):
    """The number of queries does not grow with the audience."""

    SIZES = (1, 1_000, 100_000)

    def test_it_is_constant_for_any_number_of_recipients(self):
        users = make_users(self.SIZES[-1])
        loaded = list(users.only("pk"))
        numbers = {}
        for size in self.SIZES:
            for kind, recipients in (
                ("QuerySet", users.filter(pk__lte=loaded[size - 1].pk)),
                ("users", loaded[:size]),
                ("primary keys", [user.pk for user in loaded[:size]]),
            ):
                with CaptureQueriesContext(connection) as queries:
                    notification = notify(recipients, "Hi")
                numbers.setdefault(kind, []).append(len(queries))
                reached = Delivery.objects.filter(notification=notification).count()
                self.assertEqual((kind, reached), (kind, size))
        # BEGIN, two INSERTs, COMMIT; bare primary keys are looked up before.
        self.assertEqual(numbers, {"QuerySet": [4] * 3, "users": [4] * 3, "primary keys": [5] * 3})
        self.assertEqual(self.publishes, [1] * 9)


class TransactionTests(ListeningMixin, TransactionTestCase):
    def setUp(self):
        super().setUp()
        self.alice = make_user("alice")
        self.group = user_group(self.alice.pk)

    def test_it_tells_the_sockets_once_the_rows_are_committed(self):
        listener = self.listen(self.group)
        with transaction.atomic():
            notification = notify(self.alice, "Hi")
            self.assertEqual(listener.heard(), [])
        hint = Notified(notification.pk, notification.frame())
        self.assertEqual(listener.heard(), [(self.group, hint)])

    def test_a_rollback_leaves_no_row_and_tells_nobody(self):
        listener = self.listen(self.group, HUBS)
        with self.assertRaises(InterruptedError), transaction.atomic():
            notify(self.alice, "Hi")
            notify(User.objects.all(), "Hi")
            raise InterruptedError
        self.assertEqual((Notification.objects.count(), Delivery.objects.count()), (0, 0))
        self.assertEqual(listener.heard(), [])

    def test_rows_are_written_together_or_not_at_all(self):
        listener = self.listen(self.group)
        # The second of the two statements fails.
        pre_save.connect(self.drop_deliveries, sender=Notification)
        self.addCleanup(pre_save.disconnect, self.drop_deliveries, sender=Notification)
        with self.assertRaises(DatabaseError):
            notify(self.alice, "Hi")
        self.assertFalse(Notification.objects.exists())
        self.assertEqual(listener.heard(), [])

    def drop_deliveries(self, **_):
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE notifications_delivery")

    def test_a_broken_transaction_of_the_caller_is_not_repaired(self):
        with self.assertRaises(InvalidRecipient), transaction.atomic():
            notify(self.alice, "Before")
            notify([10**6], "Nobody")
        self.assertFalse(Notification.objects.exists())

    def test_a_refusal_leaves_the_callers_transaction_usable(self):
        with transaction.atomic():
            with self.assertRaises(InvalidRecipient):
                notify([2**70], "Nobody")
            notify(self.alice, "Hi")
        self.assertEqual(Notification.objects.get().title, "Hi")


class FanoutChoiceTests(ListeningMixin, TransactionTestCase):
    def test_few_listed_recipients_are_told_one_by_one(self):
        users = list(make_users(100))
        listener = self.listen(HUBS, *(user_group(user.pk) for user in users))
        notification = notify(users, "Hi")
        hint = Notified(notification.pk, notification.frame())
        self.assertCountEqual(listener.heard(), [(user_group(user.pk), hint) for user in users])

    def test_many_are_announced_to_all_hubs_at_once(self):
        users = list(make_users(101))
        listener = self.listen(HUBS, *(user_group(user.pk) for user in users))
        notification = notify(users, "Hi")
        self.assertEqual(
            listener.heard(), [(HUBS, Announced(notification.pk, notification.frame()))]
        )

    def test_a_queryset_is_announced_to_all_hubs(self):
        listener = self.listen(HUBS)
        notification = notify(make_users(1), "Hi")
        ((_, hint),) = listener.heard()
        self.assertEqual(hint.id, notification.pk)

    @override_settings(NOTIFICATIONS={"FANOUT_LIMIT": 0})
    def test_the_limit_is_a_setting(self):
        listener = self.listen(HUBS)
        notify(make_user(), "Hi")
        self.assertEqual(len(listener.heard()), 1)

    def test_only_those_who_were_reached_are_told(self):
        alice, gone = make_user("alice"), make_user("gone", is_active=False)
        listener = self.listen(user_group(alice.pk), user_group(gone.pk))
        notify([alice, gone], "Hi")
        self.assertEqual([group for group, _ in listener.heard()], [user_group(alice.pk)])

    def test_the_same_key_again_tells_nobody_twice(self):
        alice, bob = make_user("alice"), make_user("bob")
        listener = self.listen(HUBS, user_group(alice.pk), user_group(bob.pk))
        notify([alice], "Hi", key="a")
        notify([alice, bob], "Hi", key="a")
        notify(User.objects.all(), "Hi", key="a")
        self.assertEqual(
            [group for group, _ in listener.heard()], [user_group(alice.pk), user_group(bob.pk)]
        )

    def test_nobody_is_told_of_nothing(self):
        notify([], "Hi")
        notify(User.objects.none(), "Hi")
        notify(User.objects.all(), "Hi")
        self.assertEqual(self.publishes, [])


class AsyncTests(ListeningMixin, TransactionTestCase):
    def test_it_can_be_awaited(self):
        alice = make_user("alice")
        listener = self.listen(user_group(alice.pk))
        notification = async_to_sync(anotify)(alice, "Hi", level="error")
        self.assertEqual(Delivery.objects.get().notification, notification)
        self.assertEqual(len(listener.heard()), 1)

    async def test_it_refuses_the_same(self):
        with self.assertRaises(InvalidRecipient):
            await anotify(None, "Hi")
        with self.assertRaises(InvalidNotification):
            await anotify([], "")


class SignatureTests(SimpleTestCase):
    def test_all_but_recipients_and_title_is_given_by_name(self):
        with self.assertRaises(TypeError):
            notify([], "Hi", "body")
