import threading
from datetime import datetime, timedelta

from asgiref.sync import async_to_sync
from django.db import DatabaseError, connection, connections, transaction
from django.db.models.signals import pre_save
from django.test import SimpleTestCase, TestCase, TransactionTestCase, override_settings, tag
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.safestring import mark_safe

from notifications.exceptions import InvalidNotification, InvalidRecipient
from notifications.models import Delivery, Level, Notification
from notifications.send import anotify, notify
from notifications.wire.hints import HUBS, Announced, Notified, user_group

from ..listening import ListeningMixin
from ..users import User, make_user, make_users

FAR = "2100-01-01T00:00:00+00:00"


class StoredNotificationTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.alice = make_user("alice")

    def stored(self, *args, **fields):
        returned = notify(self.alice, *args, **fields)
        notification = Notification.objects.get()
        self.assertEqual(returned.frame(), notification.frame())
        return notification

    def test_notify_stores_what_it_was_given(self):
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

    def test_notify_needs_only_recipients_and_a_title(self):
        notification = self.stored("Hi")
        self.assertEqual((notification.level, notification.body), (Level.INFO, ""))
        self.assertEqual((notification.data, notification.key), ({}, None))
        self.assertIsNone(notification.expires_at)

    def test_every_level_may_be_given_by_name_or_member(self):
        for level in (*Level, *Level.values):
            self.assertEqual(notify(self.alice, "Hi", level=level).level, str(level))

    def test_the_delivery_of_a_new_notification_is_queued(self):
        notification = self.stored("Hi")
        delivery = Delivery.objects.get()
        self.assertEqual((delivery.recipient, delivery.notification), (self.alice, notification))
        self.assertEqual(delivery.state, "queued")

    def test_links_may_lead_to_pages_or_to_mail(self):
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

    def test_text_marked_safe_for_html_is_stored_as_plain_text(self):
        safe = mark_safe("<b>Hi</b>")
        notification = self.stored(safe, body=safe, data={safe: safe})
        self.assertEqual((notification.title, notification.body), ("<b>Hi</b>", "<b>Hi</b>"))
        self.assertEqual(notification.data, {"<b>Hi</b>": "<b>Hi</b>"})

    def test_notify_returns_data_as_the_database_will_give_it(self):
        data = {1: (1, 2), None: {True: 2**53 - 1}, "level": Level.INFO}
        expected = {"1": [1, 2], "null": {"true": 2**53 - 1}, "level": "info"}
        self.assertEqual(self.stored("Hi", data=data).data, expected)

    def test_data_of_a_notification_is_a_copy_of_the_callers(self):
        data = {"a": [1]}
        notification = notify(self.alice, "Hi", data=data)
        notification.data["a"].append(2)
        self.assertEqual(data, {"a": [1]})

    def test_an_escaped_nul_in_data_is_no_nul_character(self):
        self.assertEqual(self.stored("Hi", data={"a": r"C:\u0000"}).data, {"a": r"C:\u0000"})

    def test_texts_as_long_as_their_columns_are_stored(self):
        notification = self.stored("x" * 200, category="c" * 50, url="u" * 2000, key="k" * 200)
        self.assertEqual(len(notification.url), 2000)


class NotificationKeyTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.alice, cls.bob = make_user("alice"), make_user("bob")

    def test_a_key_that_is_sent_again_stores_nothing(self):
        first = notify(self.alice, "Hi", key="a")
        again = notify(self.alice, "Hi", key="a")
        self.assertEqual((again.pk, again.created_at), (first.pk, first.created_at))
        self.assertEqual((Notification.objects.count(), Delivery.objects.count()), (1, 1))

    def test_a_key_that_is_sent_again_leaves_the_stored_notification_as_it_was(self):
        first = notify(self.alice, "Hi", key="a", level="error")
        again = notify(self.alice, "Changed", key="a")
        self.assertEqual((again.title, again.level), ("Hi", "error"))
        self.assertEqual(again.frame(), first.frame())

    def test_a_key_that_is_sent_again_reaches_only_those_who_do_not_have_it(self):
        notify([self.alice], "Hi", key="a")
        Delivery.objects.all().mark_read()
        notify([self.alice, self.bob], "Hi", key="a")
        states = {d.recipient.username: d.state for d in Delivery.objects.all()}
        self.assertEqual(states, {"alice": "read", "bob": "queued"})

    def test_notifications_with_different_keys_are_different(self):
        pks = {notify(self.alice, "Hi", key=key).pk for key in ("a", "b", "A", None, None)}
        self.assertEqual(len(pks), 5)


class KeyRaceTests(ListeningMixin, TransactionTestCase):
    def test_senders_of_one_key_at_the_same_time_send_one_notification(self):
        alice = make_user("alice")
        listener = self.listen(user_group(alice.pk))
        for key in ("a", "b", "c"):
            pks = self.race(lambda key=key: notify(alice, "Hi", key=key).pk)
            self.assertEqual(len(pks), 4)
            self.assertEqual(len(set(pks)), 1)
        self.assertEqual((Notification.objects.count(), Delivery.objects.count()), (3, 3))
        self.assertEqual(len(listener.heard()), 3)

    def test_a_sender_that_waits_for_another_of_its_key_gets_the_others_notification(self):
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


@tag("slow")
class QueryCountTests(ListeningMixin, TransactionTestCase):
    """The number of queries does not grow with the audience."""

    SIZES = (1, 1_000, 100_000)

    def test_the_number_of_queries_is_constant_for_any_number_of_recipients(self):
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


class NotifyTransactionTests(ListeningMixin, TransactionTestCase):
    def setUp(self):
        super().setUp()
        self.alice = make_user("alice")
        self.group = user_group(self.alice.pk)

    def test_sockets_are_told_once_the_rows_are_committed(self):
        listener = self.listen(self.group)
        with transaction.atomic():
            notification = notify(self.alice, "Hi")
            self.assertEqual(listener.heard(), [])
        hint = Notified(notification.pk, notification.frame(), shared=False)
        self.assertEqual(listener.heard(), [(self.group, hint)])

    def test_a_hint_says_when_other_users_may_have_the_same_notification(self):
        listener = self.listen(self.group)
        for recipients, key in (([self.alice, make_user("bob")], None), ([self.alice], "k")):
            notify(recipients, "Hi", key=key)
        self.assertEqual([hint.shared for _, hint in listener.heard()], [True, True])

    def test_a_rollback_leaves_no_row_and_tells_nobody(self):
        listener = self.listen(self.group, HUBS)
        with self.assertRaises(InterruptedError), transaction.atomic():
            notify(self.alice, "Hi")
            notify(User.objects.all(), "Hi")
            raise InterruptedError
        self.assertEqual((Notification.objects.count(), Delivery.objects.count()), (0, 0))
        self.assertEqual(listener.heard(), [])

    def test_a_notification_and_its_deliveries_are_written_together_or_not_at_all(self):
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
            cursor.execute("DROP TABLE durable_notifications_delivery")

    def test_a_refusal_that_leaves_the_callers_transaction_rolls_it_back(self):
        with self.assertRaises(InvalidRecipient), transaction.atomic():
            notify(self.alice, "Before")
            notify([10**6], "Nobody")
        self.assertFalse(Notification.objects.exists())

    def test_a_refusal_that_is_caught_leaves_the_callers_transaction_usable(self):
        with transaction.atomic():
            with self.assertRaises(InvalidRecipient):
                notify([2**53 - 1], "Nobody")
            notify(self.alice, "Hi")
        self.assertEqual(Notification.objects.get().title, "Hi")


class FanoutChoiceTests(ListeningMixin, TransactionTestCase):
    def test_few_listed_recipients_are_told_one_by_one(self):
        users = list(make_users(100))
        listener = self.listen(HUBS, *(user_group(user.pk) for user in users))
        notification = notify(users, "Hi")
        hint = Notified(notification.pk, notification.frame())
        self.assertCountEqual(listener.heard(), [(user_group(user.pk), hint) for user in users])

    def test_many_listed_recipients_are_announced_to_all_hubs_at_once(self):
        users = list(make_users(101))
        listener = self.listen(HUBS, *(user_group(user.pk) for user in users))
        notification = notify(users, "Hi")
        self.assertEqual(
            listener.heard(), [(HUBS, Announced(notification.pk, notification.frame()))]
        )

    def test_a_notification_to_a_queryset_is_announced_to_all_hubs(self):
        listener = self.listen(HUBS)
        notification = notify(make_users(1), "Hi")
        ((_, hint),) = listener.heard()
        self.assertEqual(hint.id, notification.pk)

    @override_settings(NOTIFICATIONS={"FANOUT_LIMIT": 0})
    def test_the_number_of_recipients_told_one_by_one_is_a_setting(self):
        listener = self.listen(HUBS)
        notify(make_user(), "Hi")
        self.assertEqual(len(listener.heard()), 1)

    def test_nobody_is_told_of_a_notification_that_has_expired_already(self):
        alice = make_user("alice")
        listener = self.listen(HUBS, user_group(alice.pk))
        notification = notify(alice, "Hi", expires_at=timezone.now() - timedelta(seconds=1))
        self.assertEqual(listener.heard(), [])
        self.assertEqual(notification.deliveries.get().state, "expired")

    def test_only_recipients_who_were_reached_are_told(self):
        alice, gone = make_user("alice"), make_user("gone", is_active=False)
        listener = self.listen(user_group(alice.pk), user_group(gone.pk))
        notify([alice, gone], "Hi")
        self.assertEqual([group for group, _ in listener.heard()], [user_group(alice.pk)])

    def test_a_key_that_is_sent_again_tells_nobody_twice(self):
        alice, bob = make_user("alice"), make_user("bob")
        listener = self.listen(HUBS, user_group(alice.pk), user_group(bob.pk))
        notify([alice], "Hi", key="a")
        notify([alice, bob], "Hi", key="a")
        notify(User.objects.all(), "Hi", key="a")
        self.assertEqual(
            [group for group, _ in listener.heard()], [user_group(alice.pk), user_group(bob.pk)]
        )

    def test_no_hint_is_published_without_recipients(self):
        notify([], "Hi")
        notify(User.objects.none(), "Hi")
        notify(User.objects.all(), "Hi")
        self.assertEqual(self.publishes, [])


class AsyncNotifyTests(ListeningMixin, TransactionTestCase):
    def test_anotify_stores_and_publishes_as_notify_does(self):
        alice = make_user("alice")
        listener = self.listen(user_group(alice.pk))
        notification = async_to_sync(anotify)(alice, "Hi", level="error")
        self.assertEqual(Delivery.objects.get().notification, notification)
        self.assertEqual(len(listener.heard()), 1)

    async def test_anotify_refuses_what_notify_refuses(self):
        with self.assertRaises(InvalidRecipient):
            await anotify(None, "Hi")
        with self.assertRaises(InvalidNotification):
            await anotify([], "")


class NotifySignatureTests(SimpleTestCase):
    def test_arguments_of_notify_after_the_title_are_given_by_name(self):
        with self.assertRaises(TypeError):
            notify([], "Hi", "body")
