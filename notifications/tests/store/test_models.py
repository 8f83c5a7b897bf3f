import json
from datetime import timedelta

from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import TestCase
from django.utils import timezone

from notifications.models import Delivery, Epoch, Level, Notification
from notifications.states import STATES

from ..users import make_user

TIMES = ("delivered_at", "seen_at", "read_at", "archived_at")


class NotificationTests(TestCase):
    def test_the_database_says_when_a_notification_was_created(self):
        notification = Notification.objects.create(title="Hi")
        age = timezone.now() - notification.created_at
        self.assertLess(abs(age), timedelta(seconds=5))
        self.assertEqual(Notification.objects.get().created_at, notification.created_at)

    def test_current_notifications_are_those_that_have_not_expired(self):
        now = timezone.now()
        for title, expires_at in (
            ("for ever", None),
            ("soon", now + timedelta(minutes=1)),
            ("over", now - timedelta(minutes=1)),
        ):
            Notification.objects.create(title=title, expires_at=expires_at)
        current = Notification.objects.current().values_list("title", flat=True)
        self.assertEqual(sorted(current), ["for ever", "soon"])

    def test_the_frame_of_a_notification_has_everything_that_a_client_shows(self):
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

    def test_the_frame_of_a_notification_is_the_same_after_loading(self):
        notification = Notification.objects.create(title="Hi", data={"a": [1.5, None, "ü"]})
        self.assertEqual(Notification.objects.get().frame(), notification.frame())

    def test_a_notification_outlives_the_model_of_its_actor(self):
        kind = ContentType.objects.create(app_label="gone", model="gone")
        Notification.objects.create(
            title="Hi", actor_content_type=kind, actor_object_id="7", actor_text="Zoë"
        )
        kind.delete()
        notification = Notification.objects.get()
        self.assertEqual((notification.actor, notification.actor_text), (None, "Zoë"))

    def test_two_notifications_cannot_have_the_same_key(self):
        Notification.objects.create(title="Hi", key="a")
        with self.assertRaises(IntegrityError), transaction.atomic():
            Notification.objects.create(title="Hi", key="a")

    def test_many_notifications_may_have_no_key(self):
        Notification.objects.bulk_create(Notification(title="Hi") for _ in range(3))
        self.assertEqual(Notification.objects.filter(key=None).count(), 3)

    def test_a_notification_is_shown_by_its_title(self):
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
        return [name.removesuffix("_at") for name in TIMES if getattr(delivery, name)]

    def only(self, delivery):
        return Delivery.objects.filter(pk=delivery.pk)

    def test_one_recipient_has_one_delivery_of_a_notification(self):
        with self.assertRaises(IntegrityError), transaction.atomic():
            Delivery.objects.create(recipient=self.alice, notification=self.notifications[0])
        Delivery.objects.create(recipient=self.bob, notification=self.notifications[0])

    def test_each_transition_of_a_delivery_implies_the_earlier_states(self):
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

    def test_a_transition_that_is_made_again_changes_nothing(self):
        delivery = self.deliveries[0]
        for mark in ("mark_delivered", "mark_seen", "mark_read", "mark_archived"):
            self.assertEqual(getattr(self.only(delivery), mark)(), 1)
            delivery.refresh_from_db()
            before = [getattr(delivery, name) for name in TIMES]
            self.assertEqual(getattr(self.only(delivery), mark)(), 0)
            delivery.refresh_from_db()
            self.assertEqual([getattr(delivery, name) for name in TIMES], before)

    def test_a_transition_keeps_the_times_of_the_earlier_states(self):
        delivery, then = self.deliveries[0], timezone.now() - timedelta(days=1)
        self.only(delivery).update(delivered_at=then, seen_at=then)
        self.only(delivery).mark_read()
        delivery.refresh_from_db()
        self.assertEqual((delivery.delivered_at, delivery.seen_at), (then, then))
        self.assertGreater(delivery.read_at, then)

    def test_a_transition_of_many_deliveries_is_one_query(self):
        for mark in ("mark_delivered", "mark_seen", "mark_read", "mark_archived"):
            with self.subTest(mark), self.assertNumQueries(1):
                self.assertEqual(getattr(Delivery.objects.all(), mark)(), 5)

    def test_deliveries_can_be_queried_by_their_state(self):
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

    def test_an_expired_delivery_is_in_no_state_that_expiry_ends(self):
        over = self.expire(self.notifications[0])
        for state in (name for name, condition in STATES.items() if condition.expired is False):
            with self.subTest(state):
                found = getattr(Delivery.objects.all(), state)()
                self.assertCountEqual(found, self.deliveries[1:])
        self.assertEqual(list(Delivery.objects.expired()), [over])
        self.assertEqual(list(self.alice.deliveries.unread()), self.deliveries[:0:-1])

    def test_an_expired_delivery_can_still_be_marked_but_not_dropped(self):
        over = self.expire(self.notifications[0])
        self.assertEqual((self.only(over).drop(), self.only(over).mark_read()), (0, 1))

    def test_a_delivery_stays_expired_until_it_was_read_or_archived(self):
        over = self.expire(self.notifications[0])
        for mark, state in (
            ("mark_delivered", "expired"),
            ("mark_seen", "expired"),
            ("mark_read", "read"),
            ("mark_archived", "archived"),
        ):
            self.assertEqual(Delivery.objects.get(pk=over.pk).state, over.state)
            getattr(self.only(over), mark)()
            over.refresh_from_db()
            self.assertEqual((mark, over.state), (mark, state))

    def expire(self, notification):
        past = timezone.now() - timedelta(seconds=1)
        Notification.objects.filter(pk=notification.pk).update(expires_at=past)
        return Delivery.objects.get(notification=notification)

    def test_the_newest_deliveries_come_first(self):
        self.assertEqual(list(Delivery.objects.all()), self.deliveries[::-1])

    def test_a_delivery_is_deleted_with_its_recipient_or_its_notification(self):
        self.notifications[0].delete()
        self.assertEqual(Delivery.objects.count(), 4)
        self.alice.delete()
        self.assertEqual((Delivery.objects.count(), Notification.objects.count()), (0, 4))

    def test_a_delivery_is_shown_by_its_notification_and_its_recipient(self):
        self.assertEqual(str(self.deliveries[0]), "n0 → alice")


class EpochModelTests(TestCase):
    def test_an_epoch_is_shown_by_its_name(self):
        self.assertEqual(str(Epoch(name="a name at random")), "a name at random")


class MigrationTests(TestCase):
    def test_the_migrations_of_the_app_are_complete(self):
        call_command(
            "makemigrations", "durable_notifications", check=True, dry_run=True, verbosity=0
        )
