from django.contrib.auth.models import Group, User
from django.test import TestCase

from notifications.exceptions import InvalidNotification, InvalidRecipient
from notifications.models import Delivery, Notification
from notifications.moving import notify

from ..users import make_user


class ShimTests(TestCase):
    def setUp(self):
        self.ada, self.bob = make_user("ada"), make_user("bob")
        self.group = Group.objects.create(name="readers")
        self.group.user_set.add(self.ada, self.bob)

    def test_a_call_of_theirs_is_worded_as_theirs(self):
        sent = notify.send(
            self.bob,
            recipient=self.ada,
            verb="commented",
            action_object=self.ada,
            target=self.group,
            description="Well done.",
            level="success",
        )
        stored = Notification.objects.get(pk=sent.pk)
        self.assertEqual(stored.title, "bob commented ada on readers")
        self.assertEqual((stored.body, stored.level), ("Well done.", "success"))
        self.assertEqual((stored.actor, stored.target), (self.bob, self.group))
        label = f"auth.user:{self.ada.pk}"
        self.assertEqual(stored.data, {"verb": "commented", "action_object": label})
        self.assertTrue(Delivery.objects.queued().filter(recipient=self.ada).exists())

    def test_recipients_are_given_in_each_way_of_theirs(self):
        everybody = User.objects.order_by("pk")
        for recipient in (self.group, list(everybody), everybody):
            sent = notify.send(self.bob, recipient=recipient, verb="called")
            self.assertEqual(sent.deliveries.count(), 2)

    def test_whatever_else_is_given_is_data_but_for_their_own_switches(self):
        sent = notify.send(
            self.bob,
            recipient=self.ada,
            verb="liked",
            data={"a": 1},
            b=2,
            public=False,
            timestamp=None,
            actor_for_concrete_model=False,
        )
        self.assertEqual(sent.data, {"verb": "liked", "a": 1, "b": 2})

    def test_a_call_that_cannot_be_kept_is_refused_and_writes_nothing(self):
        for error, changed in (
            (InvalidNotification, {"timestamp": "2026-01-01"}),
            (InvalidNotification, {"level": "shiny"}),
            (InvalidNotification, {"data": {"a": object()}}),
            (InvalidRecipient, {"recipient": User()}),
        ):
            with self.subTest(changed), self.assertRaises(error):
                notify.send(self.bob, **{"recipient": self.ada, "verb": "liked", **changed})
        self.assertFalse(Notification.objects.exists())
