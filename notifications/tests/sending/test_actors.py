"""Who did it, and to what."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

from django.contrib.auth.models import AnonymousUser, Group
from django.db import models
from django.db.migrations.state import ProjectState
from django.test import TestCase
from django.test.utils import isolate_apps
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy

from notifications.exceptions import InvalidNotification
from notifications.models import Delivery, Notification
from notifications.send import notify
from notifications.sending.content import reference

from ..users import User, make_user


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
