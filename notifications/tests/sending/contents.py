"""Notifications that `notify` refuses for what they say."""

from django.test import TestCase

from notifications.exceptions import InvalidNotification
from notifications.send import notify

from ..users import make_user


class ContentTestCase(TestCase):
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
