import re
from datetime import timedelta

from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.test import TransactionTestCase, tag
from django.urls import reverse
from django.utils import timezone

from notifications.models import Delivery, Notification
from notifications.send import notify

SCRIPT = "<script>alert(1)</script>"


def listed(response):
    """Ids in the list, in its order."""
    body = response.content.decode().split("<template")[0]
    return [int(pk) for pk in re.findall(r'data-id="(\d+)"', body)]


class VisitorTests(TransactionTestCase):
    def test_a_visitor_learns_what_the_page_is_and_where_to_sign_in(self):
        response = self.client.get(reverse("home"))
        self.assertContains(response, "notifications that arrive live")
        self.assertContains(response, f'href="{reverse("login")}"')
        self.assertNotContains(response, "home.js")

    def test_a_visitor_has_no_list_and_sends_nothing(self):
        for response in (
            self.client.get(reverse("notification_list")),
            self.client.post(reverse("send_test"), {"title": "Hello", "level": "info"}),
        ):
            self.assertEqual(response.status_code, 302)
            self.assertTrue(response.url.startswith(reverse("login")))
        self.assertFalse(Notification.objects.exists())

    @tag("slow")
    def test_signing_in_leads_to_the_page_and_signing_out_away_from_it(self):
        User.objects.create_user("ada", password="engine")
        page = self.client.get(reverse("login"))
        self.assertContains(page, 'name="password"')
        response = self.client.post(
            reverse("login"), {"username": "ada", "password": "engine"}, follow=True
        )
        self.assertContains(response, "Your notifications")
        self.assertContains(response, "ada")
        response = self.client.post(reverse("logout"), follow=True)
        self.assertContains(response, "Sign in")

    @tag("slow")
    def test_a_wrong_password_is_reported_on_the_login_page(self):
        response = self.client.post(reverse("login"), {"username": "ada", "password": "wrong"})
        self.assertContains(response, "Please enter a correct username and password")


class HomePageTests(TransactionTestCase):
    def setUp(self):
        self.user = User.objects.create(username="ada")
        self.client.force_login(self.user)

    def page(self):
        return self.client.get(reverse("home"))

    def test_the_page_lists_the_newest_first_and_no_more_than_fifty(self):
        sent = [notify(self.user, f"Number {number}").pk for number in range(51)]
        for response in (self.page(), self.client.get(reverse("notification_list"))):
            self.assertEqual(listed(response), sent[:0:-1])

    def test_the_page_lists_only_the_users_own_current_unarchived_notifications(self):
        mine = notify(self.user, "Mine")
        notify(User.objects.create(username="bob"), "Of another user")
        notify(self.user, "Expired", expires_at=timezone.now() - timedelta(seconds=1))
        archived = notify(self.user, "Archived")
        Delivery.objects.filter(notification=archived).mark_archived()
        self.assertEqual(listed(self.page()), [mine.pk])

    def test_the_page_counts_and_marks_unread_notifications(self):
        read = notify(self.user, "Read")
        notify(self.user, "Unread")
        Delivery.objects.filter(notification=read).mark_read()
        response = self.page()
        self.assertContains(response, '<strong id="unread">1</strong>')
        items = re.findall(
            r'<li class="notification"[^>]+data-id="\d[^>]+>', response.content.decode()
        )
        self.assertEqual(["data-unread" in item for item in items], [True, False])

    def test_the_button_to_mark_all_read_is_disabled_when_nothing_is_unread(self):
        self.assertContains(self.page(), 'id="read-all" disabled')

    def test_the_page_shows_texts_as_text_and_links_only_to_pages(self):
        notify(self.user, SCRIPT, body=SCRIPT, url="/orders/17/")
        bad = notify(self.user, "Bad link")
        Notification.objects.filter(pk=bad.pk).update(url="javascript:alert(1)")
        response = self.page()
        self.assertNotContains(response, SCRIPT)
        self.assertContains(response, "&lt;script&gt;alert(1)&lt;/script&gt;")
        self.assertContains(response, 'href="/orders/17/"')
        self.assertNotContains(response, "javascript:")

    def test_the_page_would_run_under_a_strict_content_security_policy(self):
        html = self.page().content.decode()
        self.assertTrue(all("src=" in tag for tag in re.findall(r"<script[^>]*>", html)))
        self.assertNotRegex(html, r'<style|\sstyle="|\son\w+="')

    def test_the_static_files_of_the_page_exist(self):
        found = re.findall(r'(?:src|href)="/static/([^"]+)"', self.page().content.decode())
        self.assertIn("notifyproject/home.js", found)
        for path in [*found, "notifications/client.js"]:
            self.assertIsNotNone(finders.find(path), path)

    def test_the_queries_of_the_page_do_not_grow_with_its_list(self):
        notify(self.user, "One")
        with self.assertNumQueries(4):  # session, user, count, list
            self.page()
        for number in range(10):
            notify(self.user, f"Number {number}")
        with self.assertNumQueries(4):
            self.page()


class SendFormTests(TransactionTestCase):
    def setUp(self):
        self.user = User.objects.create(username="ada")
        self.client.force_login(self.user)

    def send(self, **fields):
        return self.client.post(reverse("send_test"), {"level": "info", **fields})

    def test_the_form_notifies_its_user_alone(self):
        User.objects.create(username="bob")
        response = self.send(title="Hello", body="World", level="warning")
        self.assertRedirects(response, reverse("home"))
        delivery = Delivery.objects.get()
        self.assertEqual(delivery.recipient, self.user)
        sent = delivery.notification
        self.assertEqual((sent.title, sent.body, sent.level), ("Hello", "World", "warning"))

    def test_content_that_cannot_be_sent_is_reported_next_to_the_form(self):
        for fields, message in (
            ({"title": ""}, "This field is required"),
            ({"title": "x" * 201}, "at most 200 characters"),
            ({"title": "Hello", "level": "fatal"}, "Select a valid choice"),
            ({"title": "Hello", "body": "x" * 9000}, "bytes as JSON; at most 8192 are sent"),
        ):
            with self.subTest(message):
                self.assertContains(self.send(**fields), message, status_code=422)
        self.assertFalse(Notification.objects.exists())

    def test_another_site_cannot_send_in_the_name_of_the_user(self):
        strict = self.client_class(enforce_csrf_checks=True)
        strict.force_login(self.user)
        response = strict.post(reverse("send_test"), {"title": "Hello", "level": "info"})
        self.assertEqual(response.status_code, 403)
        self.assertFalse(Notification.objects.exists())

    def test_following_a_link_to_the_form_sends_nothing(self):
        self.assertEqual(self.client.get(reverse("send_test")).status_code, 405)
