"""The inbox whose requests fail, get no answer, or are answered late; on a real server."""

import re

from django.test import tag

from notifications.send import notify
from notifications.tests.answers import SOON_AGAIN, SOON_GIVEN_UP, Late, Silence
from notifications.tests.browser import needs_browser, wait_until

from .test_inbox import PATH, InboxPageTestCase

PAGE = re.compile(r"/inbox/$")
OLDER = "**/inbox/?*cursor=*"


class Refusal:
    """The first request is refused."""

    def __init__(self, target, pattern, status):
        self.refused, self._status = False, status
        target.route(pattern, self._take)

    def _take(self, route):
        if self.refused:
            route.fallback()
        else:
            self.refused = True
            route.fulfill(status=self._status)


@tag("slow")
@needs_browser
class FailingInboxTests(InboxPageTestCase):
    def tearDown(self):
        self.complaints.clear()  # a browser writes of each request that is refused
        super().tearDown()

    def open_hasty_tab(self):
        context = self.new_context()
        context.add_init_script(SOON_GIVEN_UP + SOON_AGAIN)
        return self.open_live_tab(PATH, context)

    def test_a_notification_whose_page_could_not_be_loaded_is_in_the_inbox_by_the_next_try(self):
        self.send(1)
        tab = self.open_hasty_tab()
        refusal = Refusal(tab, PAGE, 503)
        notify(self.user, "late")
        wait_until(tab, lambda: refusal.refused, "the first try")
        self.until_titles(tab, "late", "n0")

    def test_a_page_of_the_inbox_that_nobody_answers_is_given_up_and_asked_for_again(self):
        self.send(1)
        tab = self.open_hasty_tab()
        silence = Silence(tab, PAGE)
        notify(self.user, "late")
        wait_until(tab, lambda: silence.routes, "the first try")
        silence.over = True
        self.until_titles(tab, "late", "n0")

    def test_older_rows_that_could_not_be_loaded_come_without_another_scroll(self):
        self.send(40)
        tab = self.open_hasty_tab()
        refusal = Refusal(tab, OLDER, 503)
        tab.locator("[data-more]").scroll_into_view_if_needed()
        wait_until(tab, lambda: refusal.refused, "the first try")
        wait_until(tab, lambda: tab.locator("form.list li").count() == 40, "all of it")

    def test_a_row_that_is_read_while_its_page_is_on_its_way_looks_read(self):
        self.send(1)
        tab = self.open_live_tab(PATH)
        late = Late(tab, PAGE)
        sent = notify(self.user, "late")
        wait_until(tab, lambda: late.answers, "the page")
        tab.evaluate(f"document.querySelector('{self.element}').notifications.read([{sent.pk}])")
        self.until_state(tab, sent, "read")
        self.until_count(tab, 1)
        late.arrive()
        self.until_titles(tab, "late", "n0")
        self.assertEqual(tab.locator("li[data-unread]").count(), 1)

    def test_a_row_whose_change_the_server_refuses_is_back_in_the_inbox(self):
        self.send(2)
        tab = self.open_live_tab(PATH)
        refusal = Refusal(tab, "**/archive/", 400)
        self.press(tab, "Archive")
        wait_until(tab, lambda: refusal.refused, "the refusal")
        self.until_titles(tab, "n1", "n0")
