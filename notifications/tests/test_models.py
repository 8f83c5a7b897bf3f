import json
from datetime import timedelta

from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import TestCase
from django.utils import timezone

from notifications.models import Delivery, Level, Notification

from .users import make_user

STATES = ("delivered_at", "seen_at", "read_at", "archived_at")


class NotificationTests(TestCase):
    def test_the_database_says_when_it_was_created(self):
        notification = Notification.objects.create(title="Hi")
        age = timezone.now() - notification.created_at
        self.assertLess(abs(age), timedelta(seconds=5))
        self.assertEqual(Notification.objects.get().created_at, notification.created_at)

    def test_current_are_those_that_have_not_expired(self):
        now = timezone.now()
        for title, expires_at in (
            ("for ever", None),
            ("soon", now + timedelta(minutes=1)),
            ("over", now - timedelta(minutes=1)),
        ):
            Notification.objects.create(title=title, expires_at=expires_at)
        current = Notification.objects.current().values_list("title", flat=True)
        self.assertEqual(sorted(current), ["for ever", "soon"])

    def test_its_frame_has_everything_that_a_client_shows(self):
        notification = Notification.objects.create(
            level=Level.WARNING,
            category="orders",
            title="Zoë's order",
            body="<b>2</b> items",
            url="/orders/17/",
            actor_text="Zoë",
            target_text="Order 17",
            data={"items": [1, 2]},
        )
        frame = json.loads(notification.frame())
        created_at = frame.pop("created_at")
        self.assertEqual(
            frame,
            {
                "type": "notification",
                "id": notification.pk,
                "level": "warning",
                "category": "orders",
                "title": "Zoë's order",
                "body": "<b>2</b> items",
                "url": "/orders/17/",
                "actor": "Zoë",
                "target": "Order 17",
                "data": {"items": [1, 2]},
            },
        )
        self.assertEqual(timezone.datetime.fromisoformat(created_at), notification.created_at)

    def test_its_frame_is_the_same_after_loading(self):
        notification = Notification.objects.create(title="Hi", data={"a": [1.5, None, "ü"]})
        self.assertEqual(Notification.objects.get().frame(), notification.frame())

    def test_it_outlives_the_model_of_its_actor(self):
        kind = ContentType.objects.create(app_label="gone", model="gone")
        Notification.objects.create(
            title="Hi", actor_content_type=kind, actor_object_id="7", actor_text="Zoë"
        )
        kind.delete()
        notification = Notification.objects.get()
        self.assertEqual((notification.actor, notification.actor_text), (None, "Zoë"))

    def test_one_key_is_one_notification(self):
        Notification.objects.create(title="Hi", key="a")
        with self.assertRaises(IntegrityError), transaction.atomic():
            Notification.objects.create(title="Hi", key="a")

    def test_many_have_no_key(self):
        Notification.objects.bulk_create(Notification(title="Hi") for _ in range(3))
        self.assertEqual(Notification.objects.filter(key=None).count(), 3)

    def test_it_is_shown_by_its_title(self):
        self.assertEqual(str(Notification(title="Hi")), "Hi")


class DeliveryTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.alice, cls.bob = make_user("alice"), make_user("bob")
        cls.notifications = [Notification.objects.create(title=f"n{i}") for i in range(5)]
        cls.deliveries = [
            Delivery.objects.create(recipient=cls.alice, notification=notification)
            for notification in cls.notifications
        ]

    def reached(self, delivery):
        delivery.refresh_from_db()
        return [name.removesuffix("_at") for name in STATES if getattr(delivery, name)]

    def only(self, delivery):
        return Delivery.objects.filter(pk=delivery.pk)

    def test_one_recipient_has_one_delivery_of_a_notification(self):
        with self.assertRaises(IntegrityError), transaction.atomic():
            Delivery.objects.create(recipient=self.alice, notification=self.notifications[0])
        Delivery.objects.create(recipient=self.bob, notification=self.notifications[0])

    def test_each_transition_implies_the_earlier_states(self):
        for mark, states in (
            ("mark_delivered", ["delivered"]),
            ("mark_seen", ["delivered", "seen"]),
            ("mark_read", ["delivered", "seen", "read"]),
            ("mark_archived", ["delivered", "archived"]),
        ):
            delivery = self.deliveries.pop()
            with self.subTest(mark):
                self.assertEqual(getattr(self.only(delivery), mark)(), 1)
                self.assertEqual(self.reached(delivery), states)
                self.assertEqual(delivery.state, states[-1])

    def test_a_transition_again_changes_nothing(self):
        delivery = self.deliveries[0]
        for mark in ("mark_delivered", "mark_seen", "mark_read", "mark_archived"):
            self.assertEqual(getattr(self.only(delivery), mark)(), 1)
            delivery.refresh_from_db()
            before = [getattr(delivery, name) for name in STATES]
            self.assertEqual(getattr(self.only(delivery), mark)(), 0)
            delivery.refresh_from_db()
            self.assertEqual([getattr(delivery, name) for name in STATES], before)

    def test_a_transition_keeps_the_times_of_the_earlier_ones(self):
        delivery, then = self.deliveries[0], timezone.now() - timedelta(days=1)
        self.only(delivery).update(delivered_at=then, seen_at=then)
        self.only(delivery).mark_read()
        delivery.refresh_from_db()
        self.assertEqual((delivery.delivered_at, delivery.seen_at), (then, then))
        self.assertGreater(delivery.read_at, then)

    def test_a_transition_of_many_is_one_query(self):
        for mark in ("mark_delivered", "mark_seen", "mark_read", "mark_archived"):
            with self.subTest(mark), self.assertNumQueries(1):
                self.assertEqual(getattr(Delivery.objects.all(), mark)(), 5)

    def test_states_are_queries(self):
        queued, delivered, seen, read, archived = self.deliveries
        for delivery, mark in (
            (delivered, "mark_delivered"),
            (seen, "mark_seen"),
            (read, "mark_read"),
            (archived, "mark_archived"),
        ):
            getattr(self.only(delivery), mark)()
        for state, expected in (
            ("queued", [queued]),
            ("delivered", [delivered, seen, read, archived]),
            ("unread", [queued, delivered, seen]),
            ("inbox", [queued, delivered, seen, read]),
        ):
            with self.subTest(state):
                found = getattr(Delivery.objects.all(), state)()
                self.assertCountEqual(found, expected)

    def test_the_newest_come_first(self):
        self.assertEqual(list(Delivery.objects.all()), self.deliveries[::-1])

    def test_it_goes_with_its_recipient_or_its_notification(self):
        self.notifications[0].delete()
        self.assertEqual(Delivery.objects.count(), 4)
        self.alice.delete()
        self.assertEqual((Delivery.objects.count(), Notification.objects.count()), (0, 4))

    def test_it_is_shown_by_what_and_to_whom(self):
        self.assertEqual(str(self.deliveries[0]), "n0 → alice")


class MigrationTests(TestCase):
    def test_the_migrations_are_complete(self):
        call_command("makemigrations", "notifications", check=True, dry_run=True, verbosity=0)
