from unittest import mock

from django.db import connection
from django.test import Client
from django.test.utils import (
    CaptureQueriesContext,
    modify_settings,
    override_script_prefix,
    override_settings,
)

from notifications.inbox import filters
from notifications.models import Delivery, Notification
from notifications.send import notify

from .case import InboxTestCase, further

OF_USERS = "django.contrib.auth.middleware.AuthenticationMiddleware"
SCRIPT = "<script>alert(1)</script>"


class InboxPageTests(InboxTestCase):
    def test_the_inbox_shows_the_users_own_notifications_the_newest_first(self):
        self.assertEqual(self.shown(), ["n3", "n2", "n1", "n0"])

    def test_the_socket_of_the_inbox_is_below_the_path_of_the_site(self):
        with override_script_prefix("/app/"):
            self.assertContains(self.page(), 'data-socket="/app/ws/notifications/"')

    def test_whoever_is_not_signed_in_is_led_to_sign_in_and_back(self):
        response = Client().get(f"{self.url}?view=unread")
        self.assertRedirects(
            response,
            "/login/?next=/notifications/inbox/%3Fview%3Dunread",
            fetch_redirect_response=False,
        )

    @modify_settings(
        MIDDLEWARE={"remove": "django.contrib.auth.middleware.AuthenticationMiddleware"}
    )
    def test_on_a_site_without_middleware_for_users_nobody_is_signed_in_to_the_inbox(self):
        self.assertRedirects(
            self.page(), "/login/?next=/notifications/inbox/", fetch_redirect_response=False
        )

    def test_a_page_of_the_inbox_makes_seen_that_it_shows_and_nothing_else(self):
        with mock.patch.object(filters, "PAGE_SIZE", 2):
            self.page()
        self.assertEqual(self.states(), ["queued", "queued", "seen", "seen"])

    def test_an_inbox_that_a_browser_loads_ahead_makes_nothing_seen(self):
        self.page(headers={"Sec-Purpose": "prefetch;prerender"})
        self.client.head(self.url)
        self.assertEqual(set(self.states()), {"queued"})

    def test_pages_of_the_inbox_follow_each_other_to_the_end(self):
        with mock.patch.object(filters, "PAGE_SIZE", 3):
            address = further(self.page("?level=info"))
            self.assertEqual(address, f"{self.url}?level=info&cursor={self.ids[1]}")
            response = self.client.get(address)
        self.assertEqual([entry["title"] for entry in response.context["entries"]], ["n0"])
        self.assertIsNone(further(response))

    @override_settings(USE_THOUSAND_SEPARATOR=True)
    def test_ids_are_no_numbers_that_a_language_writes_in_its_own_way(self):
        for number in (1_234_567, 1_234_568):
            Notification.objects.create(pk=number, title="high")
            Delivery.objects.create(notification_id=number, recipient=self.alice)
        with mock.patch.object(filters, "PAGE_SIZE", 2):
            response = self.page()
        self.assertEqual(further(response), f"{self.url}?cursor=1234567")
        self.assertContains(response, 'data-id="1234567"')
        self.assertNotContains(response, "1,234,56")

    def test_filters_show_what_they_say(self):
        notify(self.alice, "late", level="error", category="billing")
        self.mark("read", self.ids[0])
        self.mark("archived", self.ids[1])
        for query, titles in (
            ("?view=unread", ["late", "n3", "n2"]),
            ("?view=archive", ["n1"]),
            ("?level=error", ["late"]),
            ("?category=billing", ["late"]),
            ("?q=N2", ["n2"]),
            ("?q=nothing", []),
        ):
            with self.subTest(query):
                self.assertEqual(self.shown(query), titles)

    def test_a_filter_that_makes_no_sense_is_told_and_shows_nothing(self):
        for query, said in (
            ("?level=fatal", "Select a valid choice"),
            ("?view=mine", "Select a valid choice"),
            ("?cursor=x", "Enter a whole number"),
            ("?q=" + "x" * 101, "at most 100 characters"),
            ("?category=%00", "Null characters are not allowed"),
        ):
            with self.subTest(query):
                self.assertContains(self.page(query), said, status_code=400)
                self.assertEqual(self.shown(query, status=400), [])

    def test_texts_stay_text_and_only_addresses_of_pages_are_links(self):
        sent = notify(self.alice, SCRIPT, body=SCRIPT, category="<b>", url="/orders/17/")
        response = self.page()
        self.assertNotContains(response, SCRIPT)
        self.assertNotContains(response, "<b>")
        self.assertContains(response, 'href="/orders/17/"')
        Notification.objects.filter(pk=sent.pk).update(url="javascript:alert(1)")
        self.assertNotContains(self.page(), "javascript:")

    def test_the_inbox_has_nothing_inline_that_a_strict_policy_forbids(self):
        html = self.page().content.decode()
        self.assertNotRegex(html, r'<style|\sstyle="|\son\w+="|<script(?![^>]+src=)')

    def test_the_inbox_takes_fewer_than_eight_queries_however_much_it_shows(self):
        for query in ("", "?view=unread&level=info&q=n", "?view=archive"):
            for number in range(20):
                notify(self.alice, f"more {number}")
            with CaptureQueriesContext(connection) as queries:
                self.page(query)
            self.assertLess(len(queries), 8)

    def test_a_level_that_other_code_has_invented_has_no_name(self):
        Notification.objects.filter(pk=self.ids[0]).update(level="loud")
        self.assertContains(self.page(), '<span class="level"></span>')
        self.assertEqual(len(self.shown()), 4)

    @override_settings(NOTIFICATIONS={"REQUESTS_PER_MINUTE": 1})
    def test_a_user_who_asks_the_inbox_too_often_is_told_when_to_come_again(self):
        self.page()
        response = self.page()
        self.assertEqual(response.status_code, 429)
        self.assertIn("Retry-After", response)
