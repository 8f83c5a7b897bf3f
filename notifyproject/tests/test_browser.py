"""The page in a real browser, on a real server process."""

import os
from unittest import mock

from django.contrib.auth.models import User
from django.test import TransactionTestCase, tag
from django.urls import reverse

from notifications.models import Delivery
from notifications.send import notify
from notifications.tests.browser import LIMIT_SECONDS, chromium, needs_browser, wait_until
from perftests.load.server.process import ServerProcess

PASSWORD = "engine of analysis"
LIVE_LIMIT_MS = 2000
"""Sooner than any sweep or poll: what comes later did not come live."""

# A page that comes back at once may be seen by nobody while it waits.
STATUS_LOG = """
window.statuses = [];
const status = document.querySelector("#status");
new MutationObserver(() => window.statuses.push(status.dataset.status)).observe(status, {
  attributes: true,
});
"""


@tag("slow")
@needs_browser
class BrowserTests(TransactionTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        strict = {
            "PERF_SETTINGS_MODULE": "notifyproject.tests.strict",
            "PERF_NOTIFICATIONS": '{"SWEEP_SECONDS": 0.5, "MAX_SOCKETS_PER_USER": 3}',
        }
        cls.server = cls.enterClassContext(ServerProcess(environment=strict))
        cls.browser = cls.enterClassContext(chromium())
        # Playwright runs an event loop in this thread, which waits while the tests use the ORM.
        cls.enterClassContext(mock.patch.dict(os.environ, DJANGO_ALLOW_ASYNC_UNSAFE="true"))

    def setUp(self):
        self.user = User.objects.create_user("ada")
        self.context = self.browser.new_context(viewport={"width": 390, "height": 800})
        self.addCleanup(self.context.close)
        self.context.set_default_timeout(1000 * LIMIT_SECONDS)
        self.complaints = []

    def open_tab(self):
        tab = self.context.new_page()
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        tab.on("console", lambda message: self.complaints.append(message.text))
        tab.goto(self.server.http_url + reverse("home"))
        return tab

    def open_live_tab(self):
        self.client.force_login(self.user)
        session = self.client.cookies["sessionid"].value
        self.context.add_cookies(
            [{"name": "sessionid", "value": session, "url": self.server.http_url}]
        )
        tab = self.open_tab()
        self.until_live(tab)
        return tab

    def open_two_tabs(self):
        first, second = self.open_live_tab(), self.open_tab()
        self.until_live(second)
        return first, second

    def until_live(self, tab):
        # What the list is loaded with is not announced as news.
        tab.locator("#status[data-status=open]").wait_for()
        tab.locator("#notifications:not([aria-busy])").wait_for(state="attached")

    def until_unread(self, tab, number):
        wait_until(
            tab,
            lambda: tab.locator("#unread").inner_text() == str(number),
            f"{number} unread",
        )

    def item(self, tab, notification):
        return tab.locator(f'#notifications [data-id="{notification.pk}"]')

    def listed(self, tab):
        items = tab.locator("#notifications > li")
        return items.evaluate_all("items => items.map(item => Number(item.dataset.id))")

    def until_listed(self, tab, *notifications):
        ids = [notification.pk for notification in notifications]
        wait_until(tab, lambda: self.listed(tab) == ids, f"the list {ids}")

    def test_a_notification_arrives_live_in_two_tabs_as_text(self):
        tabs = self.open_two_tabs()
        sent = notify(self.user, "<b>Bold</b>", body="<img src=x>", url="/orders/17/")
        notify(User.objects.create(username="bob"), "For somebody else")
        for tab in tabs:
            self.item(tab, sent).wait_for(timeout=LIVE_LIMIT_MS)
            self.assertEqual(self.item(tab, sent).get_by_role("link").inner_text(), "<b>Bold</b>")
            self.assertEqual(self.item(tab, sent).locator(".body").inner_text(), "<img src=x>")
            self.until_unread(tab, 1)
            self.until_listed(tab, sent)
            self.assertEqual(tab.title(), "(1) Notifications")
            self.assertEqual(tab.locator("#news").inner_text(), "New: <b>Bold</b>")
            self.assertEqual(tab.evaluate("document.documentElement.scrollWidth"), 390)
        self.assertEqual(self.complaints, [])

    def test_a_live_notification_whose_address_is_no_page_has_no_link(self):
        tab = self.open_live_tab()
        sent = notify(self.user, "Write to us", url="mailto:us@site.test")
        self.item(tab, sent).wait_for(timeout=LIVE_LIMIT_MS)
        self.assertIsNone(self.item(tab, sent).locator(".title").get_attribute("href"))

    def test_a_notification_read_in_one_tab_is_read_in_the_other(self):
        stored = notify(self.user, "Stored")
        first, second = self.open_two_tabs()
        live = notify(self.user, "Live")
        for tab in (first, second):
            self.until_listed(tab, live, stored)
        self.item(first, live).get_by_role("button", name="Mark read Live").press("Enter")
        for tab in (first, second):
            self.item(tab, live).locator(":scope:not([data-unread])").wait_for()
            self.until_unread(tab, 1)
        self.assertTrue(self.item(first, live).evaluate("item => item === document.activeElement"))
        second.get_by_role("button", name="Mark all read").click()
        for tab in (first, second):
            self.item(tab, stored).locator(":scope:not([data-unread])").wait_for()
            self.until_unread(tab, 0)
            self.assertTrue(tab.locator("#read-all").is_disabled())
        wait_until(first, lambda: not Delivery.objects.unread().exists(), "the database")
        self.assertEqual(self.complaints, [])

    def test_the_form_sends_a_notification_without_leaving_the_page(self):
        tab = self.open_live_tab()
        tab.get_by_label("Title").fill("To myself")
        tab.get_by_role("button", name="Send").click()
        tab.get_by_role("heading", name="To myself").wait_for()
        self.assertEqual(tab.locator("#status").inner_text(), "Live")
        tab.get_by_label("Body").fill("x" * 9000)
        tab.get_by_role("button", name="Send").click()
        tab.get_by_text("bytes as JSON; at most 8192 are sent").wait_for()

    def test_after_the_server_was_killed_no_notification_is_missing_or_listed_twice(self):
        tabs = self.open_two_tabs()
        before = notify(self.user, "Before")
        for tab in tabs:
            self.item(tab, before).wait_for()
        self.server.kill()
        for tab in tabs:
            tab.locator("#status[data-status=waiting]").wait_for()
        away = [notify(self.user, f"While away {number}") for number in range(3)]
        self.server.start()
        tabs[0].evaluate("window.dispatchEvent(new Event('online'))")
        self.until_live(tabs[0])
        # One tab has acknowledged all of it when the other comes back.
        wait_until(tabs[0], lambda: not Delivery.objects.queued().exists(), "the acks")
        tabs[1].evaluate("window.dispatchEvent(new Event('online'))")
        self.until_live(tabs[1])
        after = notify(self.user, "After")
        for tab in tabs:
            self.until_listed(tab, after, *reversed(away), before)
            self.until_unread(tab, 5)

    def test_signing_in_leads_to_the_live_page(self):
        self.user.set_password(PASSWORD)
        self.user.save()
        tab = self.open_tab()
        tab.get_by_role("link", name="Sign in").click()
        tab.get_by_label("Username").fill("ada")
        tab.get_by_label("Password").fill(PASSWORD)
        tab.get_by_role("button", name="Sign in").click()
        self.until_live(tab)
        self.assertEqual(self.complaints, [])

    def test_a_tab_stays_live_without_reloading_when_its_user_changes_the_password(self):
        self.user.is_staff = True
        self.user.set_password(PASSWORD)
        self.user.save()
        tab, other = self.open_two_tabs()
        elsewhere = self.browser.new_context()
        self.addCleanup(elsewhere.close)
        with mock.patch.object(self, "context", elsewhere):
            phone = self.open_live_tab()
        tab.evaluate(STATUS_LOG)
        other.goto(self.server.http_url + reverse("admin:password_change"))
        other.locator("[name=old_password]").fill(PASSWORD)
        other.locator("[name=new_password1]").fill("difference of engines")
        other.locator("[name=new_password2]").fill("difference of engines")
        other.locator("[type=submit]").last.click()
        other.get_by_text("Your password was changed").wait_for()
        phone.get_by_text("Signed out: reload this page to sign in").wait_for()
        wait_until(tab, lambda: "waiting" in tab.evaluate("statuses"), "the tab's next connection")
        self.until_live(tab)
        self.item(tab, notify(self.user, "Still here")).wait_for()

    def test_one_tab_too_many_takes_the_place_of_the_one_that_was_silent_longest(self):
        tabs = [self.open_live_tab(), *(self.open_tab() for _ in range(2))]
        for tab in tabs:
            self.until_live(tab)
        newest = self.open_tab()
        self.until_live(newest)
        waits = tabs[0].get_by_text("Too many tabs are open: this one waits until you come back")
        waits.wait_for()
        sent = notify(self.user, "To all that are open")
        for tab in (*tabs[1:], newest):
            self.item(tab, sent).wait_for(timeout=LIVE_LIMIT_MS)
        tabs[0].get_by_role("heading").first.click()
        self.until_live(tabs[0])
        self.item(tabs[0], sent).wait_for()

    def test_signing_out_in_one_tab_is_said_in_the_other(self):
        first, second = self.open_two_tabs()
        first.get_by_role("button", name="Sign out").click()
        second.get_by_text("Signed out: reload this page to sign in").wait_for()
        first.get_by_role("link", name="Sign in").wait_for()
