"""notifications.js in real browsers, on a real server: one connection for all tabs of each."""

import re

from notifications.models import Delivery
from notifications.send import edit, notify, recall

from ..browser import wait_until
from ..tabs import SCRIPT, SharedClientTestCase

WITHOUT_LOCKS = "Object.defineProperty(navigator, 'locks', { value: undefined });"

SILENCE_SEEN = """
  const wait = window.setTimeout;
  window.setTimeout = (call, ms, ...more) =>
    wait((...all) => { call(...all); if (ms === 5000) window.silent = true; }, ms, ...more);
  const { request } = LockManager.prototype;
  window.leads = 0;
  LockManager.prototype.request = function (name, options, run) {
    if (!name.endsWith("leader")) return request.call(this, name, options);
    return request.call(this, name, options, (lock) => { leads += 1; return run(lock); });
  };
"""


class TabsTests(SharedClientTestCase):
    def test_three_tabs_show_the_same_by_one_socket(self):
        notify(self.user, "before")
        tabs = [self.open_tab() for _ in range(3)]
        notify(self.user, "live")
        self.until_titles("live", "before", tabs=tabs)
        self.until_unread(2, *tabs)
        self.assertEqual(
            [tab.evaluate("notifications.leads") for tab in tabs], [True, False, False]
        )
        self.assertEqual(len(self.sockets), 1)

    def test_a_mark_in_one_tab_shows_in_all_and_in_another_browser(self):
        sent = notify(self.user, "read me")
        tabs = [self.open_tab(), self.open_tab(), self.open_tab(context=self.new_context())]
        for verb, unread, state in (("read", 0, "read"), ("markUnread", 1, "seen")):
            tabs[1].evaluate(f"notifications.{verb}([{sent.pk}])")
            self.until_unread(unread, *tabs)
            self.until_state(tabs[0], sent, state)
        tabs[0].evaluate(f"notifications.archive([{sent.pk}])")
        self.until_titles(tabs=tabs)
        tabs[2].evaluate(f"notifications.unarchive([{sent.pk}])")
        self.until_titles("read me", tabs=tabs)
        tabs[1].evaluate(f"notifications.delete([{sent.pk}])")
        self.until_titles(tabs=tabs)
        self.until_unread(0, *tabs)

    def test_an_edit_and_a_recall_show_in_all_tabs_and_browsers(self):
        kept, gone = notify(self.user, "Shiped"), notify(self.user, "by mistake")
        tabs = [self.open_tab(), self.open_tab(), self.open_tab(context=self.new_context())]
        self.until_unread(2, *tabs)
        tabs[0].evaluate(f"notifications.read([{kept.pk}])")
        self.until_unread(1, *tabs)
        edit(kept, title="Shipped", level="success")
        self.until_titles("by mistake", "Shipped", tabs=tabs)
        self.assertTrue(recall(gone))
        self.until_titles("Shipped", tabs=tabs)
        self.until_unread(0, *tabs)
        for tab in tabs:
            shown = tab.evaluate("notifications.snapshot.items[0]")
            self.assertEqual(shown["level"], "success")
            self.assertTrue(shown["edited_at"] and shown["read_at"])

    def test_another_tab_takes_over_when_the_one_with_the_socket_goes(self):
        first, second = self.open_tab(), self.open_tab()
        first.close()
        self.until(second, "leads", "the lead")
        notify(self.user, "after")
        self.until_titles("after", tabs=[second])
        self.assertEqual(len(self.sockets), 2)

    def test_a_tab_that_leads_by_now_does_not_rob_itself_as_nobody_has_answered_before(self):
        first, second = self.open_tab(), self.open_tab(SILENCE_SEEN)
        first.evaluate("() => { BroadcastChannel.prototype.postMessage = () => {}; }")
        second.evaluate("() => { document.dispatchEvent(new Event('visibilitychange')); }")
        first.close()
        self.until(second, "snapshot.status === 'open'", "the lead")
        wait_until(second, lambda: second.evaluate("window.silent"), "the end of the wait")
        # Behind whatever was asked for before.
        second.evaluate("navigator.locks.query()")
        self.assertEqual(second.evaluate("leads"), 1)

    def test_a_tab_without_locks_has_a_socket_of_its_own(self):
        tabs = [self.open_tab(WITHOUT_LOCKS) for _ in range(2)]
        notify(self.user, "live")
        self.until_titles("live", tabs=tabs)
        self.assertEqual(len(self.sockets), 2)

    def test_a_server_that_was_killed_and_started_again_loses_and_doubles_nothing(self):
        tabs = [self.open_tab() for _ in range(2)]
        notify(self.user, "first")
        self.until_titles("first", tabs=tabs)
        self.server.kill()
        notify(self.user, "meanwhile")
        self.server.start()
        self.until_titles("meanwhile", "first", tabs=tabs)
        self.until_unread(2, *tabs)
        for tab in tabs:
            self.assertEqual(len(set(tab.evaluate("arrived"))), len(tab.evaluate("arrived")))


WITHOUT_ACKS = """
    const { send } = WebSocket.prototype;
    WebSocket.prototype.send = function (text) {
        if (!text.includes('"ack"')) send.call(this, text);
    };
"""


class AllReadTests(SharedClientTestCase):
    def test_all_is_read_in_all_tabs_and_can_be_taken_back(self):
        sent = [notify(self.user, f"n{number}") for number in range(3)]
        tabs = [self.open_tab(), self.open_tab()]
        self.until_unread(3, *tabs)
        tabs[1].evaluate("() => { window.undo = notifications.readAll(60000); }")
        self.until_unread(0, *tabs)
        tabs[1].evaluate("undo()")
        self.until_unread(3, *tabs)
        tabs[0].evaluate("notifications.readAll()")
        self.until_unread(0, *tabs)
        wait_until(tabs[0], lambda: {self.state(one) for one in sent} == {"read"}, "all read")

    def test_a_page_that_goes_before_it_is_too_late_to_take_it_back_has_read_all(self):
        sent = notify(self.user, "one")
        tab = self.open_tab()
        tab.evaluate("() => { notifications.readAll(60000); }")
        tab.goto("about:blank")
        self.until_state(tab, sent, "read")

    def test_a_page_that_goes_before_its_acks_are_taken_has_read_all(self):
        tab = self.open_tab(WITHOUT_ACKS)
        tab.route("**/ack/", lambda route: route.abort())
        sent = [notify(self.user, f"n{number}") for number in range(3)]
        self.until_unread(3, tab)
        tab.evaluate("() => { notifications.readAll(60000); }")
        tab.goto("about:blank")
        for one in sent:
            self.until_state(tab, one, "read")

    def test_more_is_loaded_until_there_is_no_more(self):
        for number in range(25):
            notify(self.user, f"n{number}")
        tab = self.open_tab()
        self.until(tab, "snapshot.items.length >= 20", "the first page")
        while tab.evaluate("notifications.snapshot.more"):
            tab.evaluate("notifications.loadMore()")
        self.assertEqual(self.titles(tab), [f"n{number}" for number in reversed(range(25))])

    def test_a_page_that_wants_more_at_once_than_the_feed_gives_has_its_list(self):
        notify(self.user, "one")
        tab = self.context.new_page()
        self.begin(tab, SCRIPT.replace("{ user }", "{ user, limit: 1000 }"))
        self.until_titles("one", tabs=[tab])
        self.until(tab, "snapshot.loaded", "the list")


class OfflineTests(SharedClientTestCase):
    def test_marks_made_offline_are_told_when_the_network_is_back(self):
        sent = notify(self.user, "read me")
        tabs = [self.open_tab(), self.open_tab()]
        self.until_unread(1, *tabs)
        self.context.set_offline(True)
        tabs[1].evaluate(f"notifications.read([{sent.pk}])")
        self.until_unread(0, *tabs)
        self.assertNotEqual(self.state(sent), "read")
        self.context.set_offline(False)
        self.until_state(tabs[0], sent, "read")
        self.until_unread(0, *tabs)

    def test_marks_made_offline_outlive_their_tab(self):
        sent = notify(self.user, "read me")
        tab = self.open_tab()
        self.context.set_offline(True)
        tab.evaluate(f"notifications.read([{sent.pk}])")
        tab.close()
        self.context.set_offline(False)
        tab = self.open_tab()
        self.until_state(tab, sent, "read")


class TwoQueuesTests(SharedClientTestCase):
    def test_all_is_done_that_two_tabs_ask_for_in_the_same_moment(self):
        sent = [notify(self.user, f"n{number}").pk for number in range(120)]
        tabs = [self.open_tab(), self.open_tab()]
        self.until_unread(len(sent), *tabs)
        for tab, mine in zip(tabs, (sent[::2], sent[1::2]), strict=True):
            tab.evaluate(
                """ids => {
                    const next = () => {
                        notifications.read(ids.splice(0, 1));
                        if (ids.length) setTimeout(next, 3 * Math.random());
                    };
                    setTimeout(next);
                }""",
                mine,
            )

        def unread():
            return Delivery.objects.filter(recipient=self.user, read_at=None).count()

        wait_until(tabs[0], lambda: unread() == 0, "all read")


class ListOnItsWayTests(SharedClientTestCase):
    def test_a_push_stays_in_the_list_though_an_older_list_comes_after_it(self):
        notify(self.user, "before")
        tab = self.open_tab()
        held = []
        lists = re.compile("/poll/")
        tab.route(lists, lambda route: held.append((route, route.fetch())))
        tab.evaluate("() => { notifications.close(); notifications.connect(); }")
        wait_until(tab, lambda: held, "the list")
        self.until(tab, "snapshot.status === 'open'", "the socket")
        notify(self.user, "by socket")
        self.until_titles("by socket", "before", tabs=[tab])
        with tab.expect_response(lists):
            for route, response in held:
                route.fulfill(response=response)
        tab.unroute(lists)
        notify(self.user, "last")
        self.until_titles("last", "by socket", "before", tabs=[tab])
        self.until_unread(3, tab)
