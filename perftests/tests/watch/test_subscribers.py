from unittest import mock

from django.contrib.auth.models import Permission, User
from django.test import TestCase

from perftests.models import PerfSubscription
from perftests.watch.subscribers import (
    can_be_told,
    is_subscribed,
    subscribe,
    subscribers,
    unsubscribe,
)


def make_viewer(name, **fields):
    user = User.objects.create_user(name, is_staff=True, **fields)
    user.user_permissions.add(Permission.objects.get(codename="view_perfrun"))
    return user


class SubscriberTests(TestCase):
    def setUp(self):
        self.user = make_viewer("ada")
        subscribe(self.user)

    def test_a_user_who_subscribes_twice_is_told_once(self):
        subscribe(self.user)
        self.assertEqual(subscribers(), [self.user])

    def test_a_user_who_unsubscribes_is_told_no_more(self):
        self.assertTrue(is_subscribed(self.user))
        unsubscribe(self.user)
        self.assertFalse(is_subscribed(self.user))
        self.assertEqual(subscribers(), [])

    def test_an_inactive_user_is_not_told(self):
        User.objects.update(is_active=False)
        self.assertEqual(subscribers(), [])

    def test_a_user_who_is_no_staff_any_more_is_not_told(self):
        User.objects.update(is_staff=False)
        self.assertEqual(subscribers(), [])

    def test_a_user_who_may_not_view_runs_any_more_is_not_told(self):
        self.user.user_permissions.clear()
        self.assertEqual(subscribers(), [])

    def test_a_superuser_needs_no_permission(self):
        root = User.objects.create_superuser("root")
        subscribe(root)
        self.assertEqual(subscribers(), [self.user, root])

    def test_a_user_who_is_deleted_takes_the_subscription_along(self):
        self.user.delete()
        self.assertFalse(PerfSubscription.objects.exists())

    def test_nobody_can_be_told_where_the_app_for_it_is_not_installed(self):
        self.assertTrue(can_be_told())
        with mock.patch("django.apps.apps.is_installed", return_value=False):
            self.assertFalse(can_be_told())
