import threading
from datetime import datetime

from asgiref.sync import async_to_sync
from django.db import DatabaseError, connection, connections, transaction
from django.db.models.signals import pre_save
from django.test import SimpleTestCase, TestCase, TransactionTestCase, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils.safestring import mark_safe

from notifications.exceptions import InvalidNotification, InvalidRecipient
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
