import re
from uuid import uuid4

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.test import TestCase
from django.urls import reverse

from notifications.models import Delivery, Notification
from notifications.send import recall

from ..users import make_user, make_users

URL = reverse("admin:durable_notifications_notification_add")


class AnnouncingTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.users = list(make_users(5))
        make_user("inactive", is_active=False)
        cls.staff = make_user("staff", is_staff=True)
        for name in ("add_notification", "view_notification"):
            cls.staff.user_permissions.add(Permission.objects.get(codename=name))
        cls.team = Group.objects.create(name="team")
        cls.users[0].groups.add(cls.team)

    def setUp(self):
        self.client.force_login(self.staff)
        self.words = {"title": "Closed <on> Monday", "level": "info", "key": uuid4()}

    def post(self, button, **given):
        return self.client.post(URL, self.words | given | {button: "1"})

    def names(self):
        return sorted(d.recipient.username for d in Delivery.objects.select_related("recipient"))

    def test_the_form_asks_for_words_and_audience(self):
        answer = self.client.get(URL)
        for name in ("title", "body", "level", "url", "audience", "group", "users", "key"):
            self.assertContains(answer, f'name="{name}"')

    def test_each_field_of_the_form_is_named_and_described_for_who_does_not_see_it(self):
        page = self.post("look", title="").content.decode()
        described = " ".join(re.findall(r'aria-describedby="([^"]+)"', page)).split()
        self.assertIn("id_users_helptext", described)
        for id_ in described:
            self.assertIn(f' id="{id_}"', page)
        group = r'role="group" aria-labelledby="(\w+)"><span id="\1"><label[^>]*>Audience:'
        self.assertRegex(page, group)

    def test_a_preview_shows_the_words_and_how_many_they_reach_and_sends_nothing(self):
        for given, number in (
            ({"audience": "everybody"}, 6),
            ({"audience": "group", "group": self.team.pk}, 1),
            ({"audience": "users", "users": "many1\r\nmany2\n\n many2 "}, 2),
        ):
            with self.subTest(given):
                answer = self.post("look", **given)
                self.assertContains(answer, f"Users it reaches: {number}<")
                self.assertContains(answer, "<h2>Closed &lt;on&gt; Monday</h2>")
        self.assertEqual(Notification.objects.count(), 0)

    def test_an_announcement_reaches_its_audience_once_however_often_it_is_sent(self):
        for _ in range(2):
            answer = self.client.post(
                URL, self.words | {"audience": "everybody", "send": "1"}, follow=True
            )
            self.assertContains(answer, "Sent to users: 6")
        self.assertEqual(self.names(), [*(f"many{n}" for n in range(1, 6)), "staff"])
        self.assertEqual(Notification.objects.get().title, "Closed <on> Monday")
        self.assertEqual(LogEntry.objects.filter(user=self.staff).count(), 2)

    def test_other_words_in_a_page_that_was_sent_are_another_announcement(self):
        self.post("send", audience="users", users="many1")
        self.post("send", audience="users", users="many2", title="Closed on Friday")
        told = Delivery.objects.order_by("pk").values_list(
            "recipient__username", "notification__title"
        )
        self.assertEqual(
            list(told), [("many1", "Closed <on> Monday"), ("many2", "Closed on Friday")]
        )

    def test_a_page_whose_announcement_was_recalled_says_that_it_reaches_nobody(self):
        self.post("send", audience="everybody")
        recall(Notification.objects.get())
        answer = self.post("send", audience="everybody")
        self.assertContains(answer, "This was sent before, and recalled. Write it on a new page.")
        self.assertContains(answer, 'name="title"')
        self.assertEqual(LogEntry.objects.count(), 1)
        self.post("send", audience="everybody", key=uuid4())
        self.assertEqual(Notification.objects.count(), 2)

    def test_an_announcement_reaches_a_group_or_users_by_name_alone(self):
        self.post("send", audience="group", group=self.team.pk)
        self.assertEqual(self.names(), ["many1"])
        self.post("send", audience="users", users="many2", key=uuid4())
        self.assertEqual(self.names(), ["many1", "many2"])

    def test_a_preview_leads_back_to_the_form_with_what_was_written(self):
        answer = self.post("change", audience="everybody", body="some words")
        self.assertContains(answer, "some words</textarea>")
        self.assertEqual(Notification.objects.count(), 0)

    def test_an_announcement_that_could_not_be_sent_is_refused_with_a_reason(self):
        for given, reason in (
            ({}, "This field is required"),
            ({"audience": "group"}, "Choose a group."),
            ({"audience": "users"}, "Give 1 to 1000 names."),
            ({"audience": "users", "users": "many1\nnobody"}, "There is no user"),
            ({"audience": "everybody", "title": "x" * 201}, "at most 200"),
            ({"audience": "everybody", "url": "javascript:alert(1)"}, "is not a link"),
            ({"audience": "everybody", "body": "x" * 9000}, "bytes as JSON"),
            ({"audience": "everybody", "key": "x"}, "valid UUID"),
            ({"audience": "everybody", "expires_at": "2001-01-01T12:00"}, "is past"),
        ):
            with self.subTest(reason):
                self.assertContains(self.post("send", **given), reason)
        self.assertEqual(Notification.objects.count(), 0)

    def test_staff_who_may_not_add_notifications_may_not_announce(self):
        self.staff.user_permissions.clear()
        self.assertEqual(self.client.get(URL).status_code, 403)
        self.assertEqual(self.post("send", audience="everybody").status_code, 403)

    def test_the_form_leads_to_the_list_for_whoever_may_see_it(self):
        leads = f'<a href="{reverse("admin:durable_notifications_notification_changelist")}">'
        path = "</a> &rsaquo;\n%s &rsaquo; Announcement"
        self.assertContains(self.client.get(URL), path % f"{leads}Notifications</a>")
        self.staff.user_permissions.remove(Permission.objects.get(codename="view_notification"))
        self.assertContains(self.client.get(URL), path % "Notifications")

    def test_the_form_shows_what_is_required_and_connects_each_help_with_its_field(self):
        answer = self.client.get(URL)
        self.assertContains(answer, '<label for="id_title" class="required">Title:</label>')
        self.assertContains(answer, 'aria-describedby="id_users_helptext"')
        self.assertContains(answer, '<div class="help" id="id_users_helptext">')

    def test_the_page_of_a_notification_says_how_far_it_has_come(self):
        self.post("send", audience="everybody")
        Delivery.objects.filter(recipient=self.users[0]).mark_read()
        Delivery.objects.filter(recipient=self.users[1]).mark_delivered()
        pk = Notification.objects.get().pk
        page = self.client.get(
            reverse("admin:durable_notifications_notification_change", args=[pk])
        )
        self.assertContains(page, "6 recipients: 2 delivered, 1 seen, 1 read")
