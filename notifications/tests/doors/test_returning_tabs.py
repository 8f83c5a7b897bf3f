"""Tabs that were away, or whose user was: what they missed is there, and one has the socket."""

from notifications.models import Delivery
from notifications.send import notify
from notifications.store import marking

from ..browser import wait_until
from ..tabs import SharedClientTestCase

PAGE_EVENT = "name => dispatchEvent(new PageTransitionEvent(name, { persisted: true }))"


class ReturningTabsTests(SharedClientTestCase):
    def send(self, *numbers):
        return [notify(self.user, f"n{number}").pk for number in numbers]

    def send_to_another_device(self, *numbers):
        marking.mark("delivered", {self.user.pk: self.send(*numbers)})

    def test_more_than_a_page_that_another_device_has_had_is_loaded_without_a_gap(self):
        self.send_to_another_device(*range(25))
        tab = self.open_tab()
        tab.evaluate("notifications.close()")
        self.send_to_another_device(*range(25, 70))
        tab.evaluate("notifications.connect()")
        self.until(tab, "snapshot.items[0].title === 'n69'", "the newest")
        loads = 0
        while tab.evaluate("notifications.loadMore()"):
            loads += 1
        self.assertEqual(self.titles(tab), [f"n{number}" for number in reversed(range(70))])
        # Each that said yes has brought something: 26 to 49 in two steps, and 0 to 4.
        self.assertEqual(loads, 3)

    def test_a_tab_that_was_put_away_has_what_came_meanwhile_to_the_one_with_the_socket(self):
        first, *_ = self.send(1, 2)
        tabs = [self.open_tab(), self.open_tab()]
        tabs[1].evaluate(PAGE_EVENT, "pagehide")
        notify(self.user, "n3")
        tabs[0].evaluate(f"notifications.read([{first}])")
        self.until_titles("n3", "n2", "n1", tabs=tabs[:1])
        tabs[1].evaluate(PAGE_EVENT, "pageshow")
        self.until_titles("n3", "n2", "n1", tabs=tabs)
        self.until_unread(2, *tabs)

    def test_all_tabs_are_live_again_when_their_user_has_signed_in_in_one_of_them(self):
        tabs = [self.open_tab(), self.open_tab()]
        self.client.logout()
        for tab in tabs:
            self.until(tab, "snapshot.status === 'stopped'", "the end of the session")
        self.sign_in(self.user, self.context)
        self.load(tabs[1])
        self.until(tabs[1], "snapshot.status === 'open'", "the socket")
        self.send(1)
        self.until_titles("n1", tabs=tabs)


class AllReadMeanwhileTests(SharedClientTestCase):
    """Between "all read" and the moment when it cannot be taken back any more."""

    def setUp(self):
        super().setUp()
        self.sent = [notify(self.user, f"n{number}") for number in range(3)]
        self.tabs = [self.open_tab(), self.open_tab()]
        self.until_unread(3, *self.tabs)
        self.tabs[1].evaluate("() => { window.undo = notifications.readAll(60000); }")
        self.until_unread(0, *self.tabs)

    def test_a_notification_archived_before_all_is_taken_back_counts_no_more(self):
        self.tabs[0].evaluate(f"notifications.archive([{self.sent[1].pk}])")
        self.until_state(self.tabs[0], self.sent[1], "archived")
        self.tabs[1].evaluate("undo()")
        self.until_unread(2, *self.tabs)

    def test_a_notification_marked_as_unread_after_all_was_read_stays_unread(self):
        self.tabs[0].evaluate(f"notifications.markUnread([{self.sent[1].pk}])")
        self.until_unread(1, *self.tabs)
        self.tabs[1].goto("about:blank")
        self.until_state(self.tabs[0], self.sent[0], "read")

        def is_unread():
            return Delivery.objects.get(notification=self.sent[1]).read_at is None

        wait_until(self.tabs[0], is_unread, "what was marked")
        self.until_unread(1, self.tabs[0])

    def test_all_is_unread_again_where_the_tab_that_held_it_as_read_is_no_more(self):
        self.tabs[1].evaluate("undo()")
        self.until_unread(3, *self.tabs)
        # As in a tab that is frozen or killed, nothing happens there from now on.
        self.tabs[1].evaluate("() => { window.setTimeout = () => {}; }")
        self.tabs[1].evaluate("() => { notifications.readAll(500); }")
        self.until_unread(0, self.tabs[0])
        looks_unread = "snapshot.items.every(({ read_at }) => read_at === null)"
        self.until(self.tabs[0], looks_unread, "what the server has")
        self.until_unread(3, self.tabs[0])
