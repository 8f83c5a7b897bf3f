from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models.signals import post_delete, pre_delete
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from notifications.models import Delivery, Notification
from notifications.send import notify

from ..users import User, make_user, make_users

MANY = 3_000


class DeletionTestCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.root = make_user("root", is_staff=True, is_superuser=True)
        cls.ada = make_user("ada")
        cls.users = make_users(MANY)
        cls.notification = notify(cls.users, "to many")
        contents = [Notification(title="to one") for _ in range(MANY)]
        cls.others = Notification.objects.bulk_create(contents, batch_size=500)
        Delivery.objects.bulk_create(
            (Delivery(recipient=cls.ada, notification=each) for each in cls.others), batch_size=500
        )

    def assert_bounded(self, queries):
        """Few statements, none with a list of rows in it, and no delivery read."""
        self.assertLessEqual(len(queries), 30, [q["sql"][:100] for q in queries])
        for query in queries:
            self.assertLess(len(query["sql"]), 5_000)
            read = query["sql"].startswith("SELECT") and "COUNT(" not in query["sql"]
            self.assertFalse(
                read and 'FROM "durable_notifications_delivery"' in query["sql"], query
            )


class WithoutSignalsTests(DeletionTestCase):
    def test_deleting_a_user_deletes_all_deliveries_without_reading_them(self):
        with CaptureQueriesContext(connection) as queries:
            self.ada.delete()
        self.assert_bounded(queries)
        self.assertEqual(Delivery.objects.count(), MANY)

    def test_deleting_a_notification_deletes_all_deliveries_without_reading_them(self):
        with CaptureQueriesContext(connection) as queries:
            self.notification.delete()
        self.assert_bounded(queries)
        self.assertEqual(Delivery.objects.count(), MANY)

    def test_deleting_many_users_deletes_their_deliveries(self):
        User.objects.filter(pk__in=self.users.values("pk")[:100]).delete()
        self.assertEqual(
            Delivery.objects.filter(notification=self.notification).count(), MANY - 100
        )

    def test_deleting_a_user_reads_no_delivery_for_receivers_of_all_models_signals(self):
        heard = []

        def hear(sender, **_):
            heard.append(sender)

        for signal in (pre_delete, post_delete):
            signal.connect(hear)
            self.addCleanup(signal.disconnect, hear)
        with CaptureQueriesContext(connection) as queries:
            self.ada.delete()
        self.assert_bounded(queries)
        self.assertEqual(set(heard), {User})


class AdminDeletionTests(DeletionTestCase):
    def setUp(self):
        self.client.force_login(self.root)

    def check(self, url, counts, data=None):
        """The page that asks is short and tells the numbers; saying yes is as cheap."""
        with CaptureQueriesContext(connection) as queries:
            page = self.client.post(url, data) if data else self.client.get(url)
        self.assert_bounded(queries)
        self.assertLess(len(page.content), 20_000)
        for line in counts:
            self.assertContains(page, f"<li>{line}</li>", html=True)
        with CaptureQueriesContext(connection) as queries:
            self.client.post(url, {**(data or {}), "post": "yes"})
        self.assert_bounded(queries)

    def test_the_admin_deletes_a_notification_with_many_deliveries_in_few_queries(self):
        url = reverse(
            "admin:durable_notifications_notification_delete", args=[self.notification.pk]
        )
        self.check(url, ["Notifications: 1", f"Deliveries: {MANY}"])
        self.assertEqual(Delivery.objects.count(), MANY)

    def test_the_admin_deletes_a_user_with_many_deliveries_in_few_queries(self):
        url = reverse("admin:auth_user_delete", args=[self.ada.pk])
        self.check(url, ["Users: 1", f"Deliveries: {MANY}"])
        self.assertFalse(User.objects.filter(username="ada").exists())
        self.assertEqual(Delivery.objects.count(), MANY)

    def test_the_admin_deletes_many_notifications_at_once_in_few_queries(self):
        chosen = [self.notification.pk, *[each.pk for each in self.others[:20]]]
        data = {"action": "delete_selected", "_selected_action": chosen}
        url = reverse("admin:durable_notifications_notification_changelist")
        self.check(url, ["Notifications: 21", f"Deliveries: {MANY + 20}"], data)
        self.assertEqual(Delivery.objects.count(), MANY - 20)

    def test_nobody_deletes_a_notification_in_the_admin_without_the_permission(self):
        clerk = make_user("clerk", is_staff=True)
        clerk.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
        self.client.force_login(clerk)
        url = reverse(
            "admin:durable_notifications_notification_delete", args=[self.notification.pk]
        )
        self.assertEqual(self.client.post(url, {"post": "yes"}).status_code, 403)
        self.assertEqual(Delivery.objects.count(), 2 * MANY)
