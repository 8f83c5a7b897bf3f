"""Pages behind proxies that answer for the server, or change what it answers."""

import time

from notifications.send import notify

from ..answers import SOON_AGAIN
from ..browser import wait_until
from ..tabs import BLOCKED, SharedClientTestCase

DATE = "Wed, 21 Oct 2026 07:28:00 GMT"


class PageProxyTests(SharedClientTestCase):
    def refuse(self, tab, path, **answer):
        """Begin to answer for the server; the moments in which the page asks."""
        asked = []

        def answer_it(route):
            asked.append(time.monotonic())
            route.fulfill(body="<!DOCTYPE html>", content_type="text/html", **answer)

        tab.route(path, answer_it)
        return asked

    def test_a_date_at_which_to_come_again_makes_no_page_ask_without_a_pause(self):
        sent = notify(self.user, "read me")
        tab = self.open_tab()
        asked = self.refuse(tab, "**/read/", status=503, headers={"Retry-After": DATE})
        tab.evaluate(f"notifications.read([{sent.pk}])")
        wait_until(tab, lambda: len(asked) > 1, "another try")
        self.assertGreater(asked[1] - asked[0], 1)
        tab.unroute("**/read/")
        self.until_state(tab, sent, "read")

    def test_a_page_whose_polls_have_another_etag_than_the_server_made_does_not_ask_at_once(self):
        tab = self.begin_tab(BLOCKED + SOON_AGAIN)
        asked = []

        def compress(route):
            asked.append(time.monotonic())
            response = route.fetch()
            etag = response.headers["etag"].removesuffix('"') + '-gzip"'
            route.fulfill(response=response, headers=response.headers | {"etag": etag})

        tab.route("**/poll/?**wait=25", compress)
        wait_until(tab, lambda: len(asked) > 2, "some polls")
        self.assertGreater(asked[2] - asked[0], 1)
        tab.unroute_all(behavior="ignoreErrors")

    def test_a_list_that_cannot_be_loaded_is_asked_for_once_however_often_it_was_wanted(self):
        notify(self.user, "read me")
        tab = self.open_tab(SOON_AGAIN)
        asked = self.refuse(tab, "**/poll/**", status=503)
        for number in range(1, 9):
            tab.evaluate("notifications.readAll(6000)()")
            wait_until(tab, lambda number=number: len(asked) >= number, "a try")
        begun = len(asked)
        wait_until(tab, lambda: len(asked) > begun + 2, "further tries")
        self.assertGreater(asked[begun + 2] - asked[begun], 1)
