import re
from datetime import UTC, datetime, timedelta
from io import StringIO

from django.core.management import CommandError, call_command
from django.db import connection
from django.test import TestCase, override_settings
from django.urls import reverse
from django.utils import timezone

from notifications.models import Delivery, Notification
from notifications.send import edit, notify, recall
from notifications.store.own.changing import delete
from notifications.story.steps import story_of

from ..store.test_unreadable import NEVER
from ..users import make_user

SENT = "It was sent."
WAITS = (
    "It waits: no device of this user has acknowledged it.",
    "Devices are sent it when they connect; to which it was announced is not kept.",
)


class StoryTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.ada, cls.bob = make_user("ada"), make_user("bob")
        cls.sent = notify(cls.ada, "title")

    def mine(self):
        return Delivery.objects.filter(recipient=self.ada)

    def texts(self, user=None):
        notification = Notification.objects.get(pk=self.sent.pk)
        return [step.text for step in story_of(notification, (user or self.ada).pk)]

    def test_a_queued_notification_waits_for_a_device(self):
        self.assertEqual(self.texts(), [SENT, *WAITS])

    def test_a_notification_goes_from_its_sending_to_the_archive(self):
        for mark in ("mark_delivered", "mark_seen", "mark_read", "mark_archived"):
            getattr(self.mine(), mark)()
        arrived, seen, read = "It had arrived on a device.", "It was on the screen.", "It was read."
        self.assertEqual(self.texts(), [SENT, arrived, seen, read, "It was archived."])

    def test_a_dropped_notification_is_told_as_that_and_not_as_archived(self):
        self.mine().drop()
        self.assertEqual(len(self.texts()), 2)
        self.assertIn("dropped unseen", self.texts()[1])

    def test_a_dropped_notification_that_is_read_in_the_archive_later_was_dropped_before(self):
        self.mine().drop()
        earlier = timezone.now() - timedelta(seconds=5)
        self.mine().update(archived_at=earlier)
        Notification.objects.update(created_at=earlier - timedelta(seconds=5))
        self.mine().mark_read()
        self.assertIn("dropped unseen", self.texts()[1])
        self.assertEqual(self.texts()[-1], "It was read.")
        self.assertNotIn("It was archived.", self.texts())

    def test_an_archived_notification_whose_arrival_cannot_be_read_is_not_told_as_dropped(self):
        self.mine().mark_archived()
        with connection.cursor() as cursor:
            table = Delivery._meta.db_table
            cursor.execute(f"UPDATE {table} SET delivered_at = %s", [NEVER[connection.vendor]])
        self.assertEqual(self.texts(), [SENT, "It was archived."])

    def test_a_user_who_was_not_sent_it_or_has_deleted_it_does_not_have_it(self):
        self.assertIn("does not have it", self.texts(self.bob)[1])
        delete(self.ada.pk, [self.sent.pk])
        self.assertIn("does not have it", self.texts()[1])

    def test_an_inactive_user_may_not_sign_in_to_get_it(self):
        self.ada.is_active = False
        self.ada.save()
        self.assertEqual(self.texts(), [SENT, *WAITS, "This user may not sign in."])

    def test_an_edit_a_recall_and_an_expiry_are_told_apart(self):
        edit(self.sent, title="new")
        self.assertEqual(self.texts(), [SENT, "It was edited.", *WAITS])
        recall(self.sent)
        self.assertEqual(self.texts(), [SENT, "It was recalled."])
        past = timezone.now() - timedelta(seconds=1)
        Notification.objects.update(created_at=past, edited_at=None, expires_at=past)
        self.assertEqual(self.texts(), [SENT, "It expired."])

    @override_settings(TIME_ZONE="Asia/Tokyo")
    def test_the_command_and_the_admin_print_each_step_with_its_local_time(self):
        noon = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
        Notification.objects.update(created_at=noon)
        output = StringIO()
        call_command("notification_story", str(self.sent.pk), "ada", stdout=output)
        lines = [f"2026-01-31 21:00:00 {SENT}", *WAITS]
        self.assertEqual(output.getvalue().splitlines(), lines)
        self.client.force_login(make_user("root", is_staff=True, is_superuser=True))
        pk = self.mine().get().pk
        page = self.client.get(reverse("admin:durable_notifications_delivery_change", args=[pk]))
        self.assertContains(page, "".join(f"<div>{line}</div>" for line in lines))

    def test_the_command_refuses_a_notification_and_a_user_who_do_not_exist(self):
        for arguments, message in (
            (("123456", "ada"), "There is no notification 123456."),
            ((str(self.sent.pk), "nobody"), "There is no user 'nobody'."),
        ):
            with self.assertRaisesRegex(CommandError, re.escape(message)):
                call_command("notification_story", *arguments)
