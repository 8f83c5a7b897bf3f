from datetime import timedelta

from django.contrib.auth.models import Permission
from django.db import connection
from django.test import TestCase, tag
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from notifications.models import Delivery, Notification
from notifications.send import notify

from ..users import make_user, make_users

NOTIFICATIONS = reverse("admin:durable_notifications_notification_changelist")
DELIVERIES = reverse("admin:durable_notifications_delivery_changelist")


class AdminTestCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.root = make_user("root", is_staff=True, is_superuser=True)
        cls.users = make_users(5)
        cls.notification = notify(
            cls.users, "Disk is <full>", level="error", key="disk", actor=cls.root, data={"gb": 7}
        )
        Delivery.objects.filter(recipient=cls.users[0]).mark_read()
        Delivery.objects.filter(recipient=cls.users[1]).mark_delivered()

    def setUp(self):
        self.client.force_login(self.root)

    def pages(self):
        delivery = Delivery.objects.first()
        return [
            NOTIFICATIONS,
            reverse("admin:durable_notifications_notification_change", args=[self.notification.pk]),
            DELIVERIES,
            reverse("admin:durable_notifications_delivery_change", args=[delivery.pk]),
        ]

    def titles(self, url, **query):
        return self.client.get(url, query).context["cl"].result_list


class AdminPageTests(AdminTestCase):
    def test_every_admin_page_opens_and_escapes_what_users_wrote(self):
        for url in self.pages():
            with self.subTest(url):
                response = self.client.get(url)
                self.assertContains(response, "Disk is &lt;full&gt;")
                self.assertNotContains(response, "<full>")

    def test_notifications_are_recalled_in_the_admin_by_who_may_delete_them(self):
        other = notify(self.users, "stays")
        chosen = {"action": "recall", "_selected_action": [self.notification.pk]}
        helper = make_user("helper", is_staff=True)
        helper.user_permissions.add(Permission.objects.get(codename="view_notification"))
        self.client.force_login(helper)
        self.client.post(NOTIFICATIONS, chosen)
        self.assertEqual(Notification.objects.current().count(), 2)
        self.client.force_login(self.root)
        answer = self.client.post(NOTIFICATIONS, chosen, follow=True)
        self.assertContains(answer, "Recalled: 1")
        self.assertEqual(list(Notification.objects.current()), [other])

    def test_the_admin_list_counts_recipients_and_those_still_queued(self):
        (row,) = self.titles(NOTIFICATIONS)
        self.assertEqual((row.recipient_count, row.queued_count), (5, 3))
        notify([], "To nobody")
        row = self.titles(NOTIFICATIONS)[0]
        self.assertEqual((row.recipient_count, row.queued_count), (0, 0))

    @tag("slow")
    def test_the_admin_lists_take_a_constant_number_of_queries(self):
        for url in (NOTIFICATIONS, DELIVERIES):
            with CaptureQueriesContext(connection) as few:
                self.client.get(url)
            for number in range(15):
                notify(self.users, f"More {number}")
            with self.subTest(url), self.assertNumQueries(len(few)):
                self.assertContains(self.client.get(url), "More 14")

    def test_notifications_and_deliveries_can_be_searched_in_the_admin(self):
        notify(self.users, "Other", body="Something full of words")
        for words, number in (("disk", 1), ("full", 2), ("nothing", 0)):
            self.assertEqual(len(self.titles(NOTIFICATIONS, q=words)), number)
        for words, number in (("disk", 5), ("many2", 2), ("other many2", 1)):
            self.assertEqual(len(self.titles(DELIVERIES, q=words)), number)

    def test_notifications_can_be_sorted_by_their_counts_in_the_admin(self):
        notify([], "To nobody")
        for column in ("5", "6"):
            rows = self.titles(NOTIFICATIONS, o=column)
            self.assertEqual([row.title for row in rows], ["To nobody", "Disk is <full>"])

    def test_deliveries_can_be_filtered_by_state_in_the_admin(self):
        for state, number in (("queued", 3), ("delivered", 2), ("unread", 4)):
            with self.subTest(state):
                self.assertEqual(len(self.titles(DELIVERIES, state=state)), number)

    def test_a_list_of_a_date_that_has_no_end_is_the_whole_list(self):
        last = {"created_at__year": 9999}
        for query in (last, last | {"created_at__month": 12}):
            self.assertRedirects(self.client.get(NOTIFICATIONS, query), f"{NOTIFICATIONS}?e=1")

    def test_expired_deliveries_are_neither_queued_nor_unread_in_the_admin(self):
        past = timezone.now() - timedelta(seconds=1)
        Notification.objects.update(expires_at=past)
        for state, number in (("queued", 0), ("unread", 0), ("expired", 5), ("delivered", 2)):
            with self.subTest(state):
                self.assertEqual(len(self.titles(DELIVERIES, state=state)), number)
        (row,) = self.titles(NOTIFICATIONS)
        self.assertEqual((row.recipient_count, row.queued_count), (5, 0))

    def test_a_filter_by_a_state_that_does_not_exist_leaves_out_no_delivery(self):
        for state in ("delete", "mark_read", "no_such", "_raw_delete"):
            with self.subTest(state):
                self.assertEqual(len(self.titles(DELIVERIES, state=state)), 5)
        self.assertEqual(Delivery.objects.unread().count(), 4)


class ReadOnlyAdminTests(AdminTestCase):
    def test_deliveries_cannot_be_added_in_the_admin(self):
        url = reverse("admin:durable_notifications_delivery_add")
        self.assertEqual(self.client.get(url).status_code, 403)
        self.assertEqual(self.client.post(url, {"recipient": self.root.pk}).status_code, 403)
        self.assertFalse(Delivery.objects.filter(recipient=self.root).exists())

    def test_notifications_and_deliveries_cannot_be_changed_in_the_admin(self):
        for url in self.pages()[1::2]:
            response = self.client.post(url, {"title": "Forged", "read_at_0": "", "read_at_1": ""})
            self.assertEqual(response.status_code, 403)
            self.assertNotContains(self.client.get(url), 'name="_save"')
        self.assertFalse(Notification.objects.filter(title="Forged").exists())

    def test_a_notification_can_be_deleted_with_its_deliveries_in_the_admin(self):
        url = reverse(
            "admin:durable_notifications_notification_delete", args=[self.notification.pk]
        )
        self.client.post(url, {"post": "yes"})
        self.assertEqual((Notification.objects.count(), Delivery.objects.count()), (0, 0))


class AdminPermissionTests(AdminTestCase):
    def test_staff_without_permission_see_no_page_of_notifications(self):
        self.client.force_login(make_user("guest", is_staff=True))
        for url in self.pages():
            self.assertEqual(self.client.get(url).status_code, 403)

    def test_staff_with_permission_to_view_see_notifications_and_delete_none(self):
        viewer = make_user("viewer", is_staff=True)
        viewer.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
        self.client.force_login(viewer)
        for url in self.pages():
            self.assertEqual(self.client.get(url).status_code, 200)
        url = reverse(
            "admin:durable_notifications_notification_delete", args=[self.notification.pk]
        )
        self.assertEqual(self.client.post(url, {"post": "yes"}).status_code, 403)

    def test_visitors_of_the_admin_are_sent_to_the_login(self):
        self.client.logout()
        for url in self.pages():
            self.assertRedirects(self.client.get(url), f"/admin/login/?next={url}")
