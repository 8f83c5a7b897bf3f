"""Erasing and exporting in the admin of users."""

import json
from unittest import mock

from django.contrib.admin import AdminSite
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group, Permission
from django.core.checks import Error
from django.db import OperationalError
from django.test import AsyncClient, Client, TestCase
from django.urls import reverse
from django.utils.translation import override

from notifications.models import Delivery, Notification
from notifications.privacy import Erased, actions, count_of
from notifications.privacy.actions import UserPrivacyActions
from notifications.send import notify

from ..users import User, make_user
from .dumps import dump

URL = reverse("admin:auth_user_changelist")
HOSTILE = "<img src=x onerror=alert(1)>\u202e../x"


class PrivateUserAdmin(UserPrivacyActions, UserAdmin):
    actions = ["mine"]

    def mine(self, request, chosen):
        """An action that the project has already."""


class ActionTestCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.ada, cls.bob = make_user("ada-lovelace"), make_user("bob")
        notify(cls.ada, "for her alone", body="a secret of hers")
        notify([cls.ada, cls.bob], "for both")
        notify(cls.bob, "by her", actor=cls.ada)
        cls.staff = make_user("staff", is_staff=True)
        names = ("view_user", "export_notifications", "erase_notifications")
        cls.staff.user_permissions.set(Permission.objects.filter(codename__in=names))

    def setUp(self):
        self.client.force_login(self.staff)

    def act(self, action, *users, **given):
        chosen = {"action": action, "_selected_action": [user.pk for user in users]}
        return self.client.post(URL, chosen | given, follow=True)

    def lose(self, permission):
        self.staff.user_permissions.remove(Permission.objects.get(codename=permission))


class ErasingTests(ActionTestCase):
    def test_a_page_says_what_goes_and_nothing_has_gone_before_it_is_confirmed(self):
        before = dump()
        page = self.act("erase_notifications", self.ada)
        for words in ("ada-lovelace", "Deliveries: 2", "nobody else has: 1", "others have: 1"):
            self.assertContains(page, words)
        self.assertEqual((dump(), LogEntry.objects.count()), (before, 0))

    def test_a_confirmed_erasure_is_gone_from_the_tables_and_logged(self):
        page = self.act("erase_notifications", self.ada, confirmed="yes")
        self.assertContains(page, "name this user no more. (ada-lovelace)")
        for trace in ("ada-lovelace", "secret", "for her alone"):
            self.assertNotIn(trace, dump())
        self.assertFalse(Notification.objects.filter(actor_object_id=str(self.ada.pk)).exists())
        self.assertEqual(Delivery.objects.filter(recipient=self.bob).count(), 2)
        entry = LogEntry.objects.get()
        self.assertEqual((entry.user, entry.object_id), (self.staff, str(self.ada.pk)))
        self.assertIn("Erased: 2 deliveries", entry.get_change_message())

    def test_notifications_that_several_users_share_are_counted_as_going_with_all_of_them(self):
        self.assertEqual(count_of([self.ada]), Erased(2, 1, 1))
        self.assertEqual(count_of([self.ada, self.bob]), Erased(4, 3, 0))
        page = self.act("erase_notifications", self.ada, self.bob)
        self.assertContains(page, "Deliveries: 4")
        self.act("erase_notifications", self.ada, self.bob, confirmed="yes")
        self.assertEqual((Notification.objects.count(), LogEntry.objects.count()), (0, 2))

    def test_more_users_than_one_request_can_look_up_are_refused(self):
        with mock.patch.object(actions, "MAX_AT_ONCE", 1):
            page = self.act("erase_notifications", self.ada, self.bob, confirmed="yes")
        self.assertContains(page, "Choose at most 1 users.")
        self.assertEqual(Notification.objects.count(), 3)

    def test_a_database_that_refuses_is_a_message_and_no_error(self):
        broken = OperationalError("database is\nlocked")
        with mock.patch.object(actions, "erase_user", side_effect=broken):
            page = self.act("erase_notifications", self.ada, confirmed="yes")
        self.assertContains(page, "The database did not do it: database is locked")
        self.assertFalse(LogEntry.objects.exists())

    def test_the_page_that_asks_speaks_german_and_hebrew(self):
        for language, words in (("de", "Was gelöscht wird"), ("he", "מה יימחק")):
            with self.subTest(language), override(language):
                self.assertContains(self.act("erase_notifications", self.ada), words)

    def test_a_form_of_another_site_erases_nothing(self):
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(self.staff)
        chosen = {"action": "erase_notifications", "_selected_action": [self.ada.pk]}
        answer = strict.post(URL, chosen | {"confirmed": "yes"})
        self.assertEqual((answer.status_code, Notification.objects.count()), (403, 3))

    def test_a_hostile_name_stays_text(self):
        User.objects.filter(pk=self.ada.pk).update(username=HOSTILE)
        for given in ({}, {"confirmed": "yes"}):
            page = self.act("erase_notifications", self.ada, **given)
            self.assertNotContains(page, "<img src=x")
            self.assertContains(page, "&lt;img src=x onerror=alert(1)&gt;")


class ExportingTests(ActionTestCase):
    def lines(self, answer):
        return [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]

    def test_an_export_is_a_file_of_json_lines_and_logged(self):
        answer = self.act("export_notifications", self.ada)
        name = f'attachment; filename="notifications-{self.ada.pk}.jsonl"'
        self.assertEqual(answer.headers["Content-Disposition"], name)
        self.assertEqual(answer.headers["Content-Type"], "application/jsonl")
        kinds = [line["kind"] for line in self.lines(answer)]
        self.assertEqual(kinds, ["delivery", "delivery", "mention"])
        self.assertEqual(LogEntry.objects.get().get_change_message(), "Exported notifications.")

    def test_nothing_stored_is_an_empty_file(self):
        self.assertEqual(self.lines(self.act("export_notifications", self.staff)), [])

    def test_an_export_of_several_users_is_refused(self):
        page = self.act("export_notifications", self.ada, self.bob)
        self.assertContains(page, "Choose one user")
        self.assertFalse(LogEntry.objects.exists())

    async def test_an_export_is_sent_while_it_is_read_under_asgi(self):
        client = AsyncClient()
        await client.aforce_login(self.staff)
        chosen = {"action": "export_notifications", "_selected_action": [self.ada.pk]}
        with mock.patch("notifications.privacy.download.LINES_AT_ONCE", 2):
            answer = await client.post(URL, chosen)
            self.assertTrue(answer.is_async)
            chunks = [chunk async for chunk in answer.streaming_content]
        self.assertEqual([chunk.count(b"\n") for chunk in chunks], [2, 1])


class PermissionTests(ActionTestCase):
    def offered(self):
        choices = self.client.get(URL).context["action_form"].fields["action"].choices
        return {name for name, _ in choices if name.endswith("_notifications")}

    def test_each_action_is_offered_to_whom_it_is_allowed(self):
        both = {"export_notifications", "erase_notifications"}
        self.assertEqual(self.offered(), both)
        for name in both:
            with self.subTest(name):
                self.lose(name)
                self.assertNotIn(name, self.offered())
                self.staff.user_permissions.add(Permission.objects.get(codename=name))

    def test_an_action_without_its_permission_does_nothing_however_it_is_asked_for(self):
        before = dump()
        self.lose("erase_notifications")
        self.lose("export_notifications")
        self.staff.user_permissions.add(Permission.objects.get(codename="delete_notification"))
        for action in ("export_notifications", "erase_notifications"):
            answer = self.act(action, self.ada, confirmed="yes")
            self.assertFalse(answer.streaming)
            self.assertNotContains(answer, "secret")
        self.assertEqual((dump(), LogEntry.objects.count()), (before, 0))

    def test_staff_who_may_not_see_users_are_refused(self):
        self.lose("view_user")
        for action in ("export_notifications", "erase_notifications"):
            self.assertEqual(self.act(action, self.ada, confirmed="yes").status_code, 403)
        self.assertEqual(Notification.objects.count(), 3)


class MixinTests(TestCase):
    def test_the_actions_stand_beside_those_of_the_project(self):
        site = AdminSite()
        site.register(User, PrivateUserAdmin)
        model_admin = site.get_model_admin(User)
        ours = ["mine", "export_notifications", "erase_notifications"]
        self.assertEqual(model_admin.actions, ours)
        self.assertEqual(PrivateUserAdmin.actions, ["mine"])
        self.assertEqual([e for e in model_admin.check() if isinstance(e, Error)], [])

    def test_a_project_that_has_no_actions_keeps_none(self):
        class Without(PrivateUserAdmin):
            actions = None

        self.assertIsNone(Without(User, AdminSite()).actions)

    def test_rows_that_are_no_users_are_refused(self):
        class GroupAdmin(UserPrivacyActions):
            messages = ()

            def message_user(self, request, message, *_):
                self.messages = (*self.messages, message)

        group = Group.objects.create(name="team")
        model_admin = GroupAdmin(Group, AdminSite())
        chosen = Group.objects.filter(pk=group.pk)
        self.assertIsNone(model_admin.export_notifications(None, chosen))
        self.assertIn("team", model_admin.messages[0])
