"""The shared client where no WebSocket opens, on a real server."""

from notifications.models import Delivery
from notifications.send import notify

from ..answers import SOON_AGAIN
from ..browser import wait_until
from ..tabs import BLOCKED, SharedClientTestCase

NEVER_AFTER_SIX_SECONDS = """
  const wait = window.setTimeout;
  window.setTimeout = (call, ms, ...more) => ms === 6000 || wait(call, ms, ...more);
"""
TEN_TIMES_AS_FAST = """
  const wait = window.setTimeout;
  window.setTimeout = (call, ms, ...more) => wait(call, ms / 10, ...more);
"""


class PollingTests(SharedClientTestCase):
    def test_polling_takes_over_where_websockets_are_blocked_and_gives_way_again(self):
        notify(self.user, "before")
        tab = self.open_tab(BLOCKED)
        self.until(tab, "snapshot.status === 'polling'", "the poll")
        # By the clock of the page: how soon it is there does not matter here.
        self.assertLess(tab.evaluate("performance.now() - begun"), 10_000)
        other = self.open_tab(BLOCKED)
        self.until_titles("before", tabs=[tab, other])
        sent = notify(self.user, "by poll")
        self.until_titles("by poll", "before", tabs=[tab, other])
        self.until_unread(2, tab, other)
        self.until_state(tab, sent, "delivered")
        other.evaluate(f"notifications.read([{sent.pk}])")
        self.until_unread(1, tab, other)
        tab.evaluate("() => { window.WebSocket = RealWebSocket; }")
        self.until(tab, "snapshot.status === 'open'", "the socket")
        notify(self.user, "by socket")
        self.until_titles("by socket", "by poll", "before", tabs=[tab, other])
        self.until_unread(2, tab, other)
        self.assertEqual(len(tab.evaluate("arrived")), len(set(tab.evaluate("arrived"))))

    def test_a_page_whose_first_try_for_a_socket_fails_has_its_list_at_once(self):
        notify(self.user, "before")
        tab = self.open_tab(BLOCKED + NEVER_AFTER_SIX_SECONDS)
        self.until_titles("before", tabs=[tab])

    def test_all_tabs_say_that_there_is_no_connection_while_polls_fail(self):
        tabs = [self.open_tab(BLOCKED + SOON_AGAIN) for _ in range(2)]
        self.until(tabs[1], "snapshot.status === 'polling'", "the poll")
        tabs[0].route("**/poll/**", lambda route: route.fulfill(status=502))
        self.until(tabs[1], "snapshot.status === 'waiting'", "the trouble")
        tabs[0].unroute("**/poll/**")
        self.until(tabs[1], "snapshot.status === 'polling'", "the next poll")

    def test_the_code_that_polls_is_asked_for_again_where_it_could_not_be_loaded(self):
        refused = []

        def refuse(route):
            refused.append(route)
            route.abort()

        self.context.route("**/polling.js", refuse)
        tab = self.begin_tab(BLOCKED)
        wait_until(tab, lambda: refused, "the first try")
        self.context.unroute("**/polling.js")
        self.until(tab, "snapshot.status === 'polling'", "the poll")
        notify(self.user, "by poll")
        self.until_titles("by poll", tabs=[tab])

    def test_a_list_that_breaks_off_is_loaded_again(self):
        broken = []

        def break_off(route):
            broken.append(route)
            route.fulfill(body='{"counts": {', content_type="application/json")

        self.context.route("**/poll/**", break_off)
        notify(self.user, "before")
        tab = self.begin_tab()
        wait_until(tab, lambda: broken, "the broken list")
        self.context.unroute("**/poll/**")
        self.until_titles("before", tabs=[tab])

    def test_further_pages_that_could_not_be_loaded_are_loaded_with_the_next_poll(self):
        tab = self.open_tab(BLOCKED + SOON_AGAIN)
        self.until(tab, "snapshot.status === 'polling'", "the poll")
        refused = []

        def refuse(route):
            refused.append(route)
            route.fulfill(status=503)

        self.context.route("**/notifications/?*cursor=*", refuse)
        self.context.set_offline(True)
        for number in range(60):
            notify(self.user, f"n{number}")
        self.context.set_offline(False)
        wait_until(tab, lambda: refused, "the first try")
        self.context.unroute("**/notifications/?*cursor=*")
        self.until(tab, "snapshot.items.length === 60", "all of them")
        self.until_unread(60, tab)
        self.assertEqual(len(set(tab.evaluate("arrived"))), 60)
        self.until_acknowledged(tab)

    def test_a_poll_that_nobody_answers_is_given_up_and_sent_again(self):
        tab = self.open_tab(BLOCKED + TEN_TIMES_AS_FAST)
        self.until(tab, "snapshot.status === 'polling'", "the poll")
        silent = []
        self.context.route("**/poll/**", lambda route: silent.append(route))
        self.until(tab, "snapshot.status === 'waiting'", "the end of the wait")
        self.assertTrue(silent)
        self.context.unroute("**/poll/**")
        self.until(tab, "snapshot.status === 'polling'", "the next poll")
        notify(self.user, "by poll")
        self.until_titles("by poll", tabs=[tab])

    def test_polls_go_on_at_once_when_the_network_is_back(self):
        tab = self.open_tab(BLOCKED)
        self.until(tab, "snapshot.status === 'polling'", "the poll")
        self.context.set_offline(True)
        self.until(tab, "snapshot.status === 'waiting'", "the trouble")
        notify(self.user, "meanwhile")
        tab.evaluate("() => { window.begun = performance.now(); }")
        self.context.set_offline(False)
        self.until_titles("meanwhile", tabs=[tab])
        self.assertLess(tab.evaluate("performance.now() - begun"), 8000)

    def test_more_than_a_page_that_came_at_once_is_polled_whole(self):
        tab = self.open_tab(BLOCKED)
        self.until(tab, "snapshot.status === 'polling'", "the poll")
        self.context.set_offline(True)
        for number in range(60):
            notify(self.user, f"n{number}")
        self.context.set_offline(False)
        self.until(tab, "snapshot.items.length === 60", "all of them")
        self.until_unread(60, tab)
        self.assertEqual(len(set(tab.evaluate("arrived"))), 60)
        self.until_acknowledged(tab)

    def until_acknowledged(self, tab):
        queued = Delivery.objects.filter(recipient=self.user).queued()
        wait_until(tab, lambda: not queued.exists(), "the acks")
