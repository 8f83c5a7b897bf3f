"""Two users to whom the same few notifications were sent."""

from django.test import TestCase

from notifications.models import Delivery
from notifications.send import notify
from notifications.store import marking

from ..users import make_user


class DeliveriesTestCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.alice, cls.bob = make_user("alice"), make_user("bob")
        cls.ids = [notify([cls.alice, cls.bob], f"n{number}").pk for number in range(6)]

    def states(self, user):
        mine = Delivery.objects.filter(recipient=user).order_by("notification_id")
        return [delivery.state for delivery in mine]

    def mark(self, kind, user, ids):
        return marking.mark(kind, {user.pk: ids})
