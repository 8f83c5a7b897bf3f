"""The shared client whose requests fail, get no answer, or are answered late; on a real server."""

from notifications.models import Delivery
from notifications.send import notify, recall

from ..answers import SOON_GIVEN_UP, Late, Silence
from ..browser import wait_until
from ..tabs import SharedClientTestCase

MORE = "**/notifications/?*cursor=*"
LOCKS_RELEASED_LATE = """() => {
  const { request } = LockManager.prototype;
  LockManager.prototype.request = async function (...all) {
    const done = await request.apply(this, all);
    await new Promise((resolve) => { window.release = resolve; });
    return done;
  };
}"""
TIMERS_KEPT = """
  window.timers = new Map();
  const { setTimeout, clearTimeout } = window;
  window.setTimeout = (run, ms, ...more) => {
    const id = setTimeout(run, ms, ...more);
    timers.set(id, ms);
    return id;
  };
  window.clearTimeout = (id) => {
    timers.delete(id);
    clearTimeout(id);
  };
"""


class QueueTests(SharedClientTestCase):
    def setUp(self):
        super().setUp()
        self.sent = [notify(self.user, f"n{number}") for number in range(8)]

    def test_a_mark_made_while_the_queue_gives_its_lock_back_is_told_at_once(self):
        tab = self.open_tab()
        tab.evaluate(LOCKS_RELEASED_LATE)
        first, second, *_ = self.sent
        tab.evaluate(f"notifications.read([{first.pk}])")
        wait_until(tab, lambda: tab.evaluate("window.release !== undefined"), "the lock")
        tab.evaluate(f"notifications.read([{second.pk}])")
        tab.evaluate("release()")
        self.until_state(tab, second, "read")

    def test_one_timer_alone_tries_again_however_many_marks_wait(self):
        tab = self.open_tab(TIMERS_KEPT)
        self.until(tab, "snapshot.status === 'open'", "the socket")
        tab.route(
            "**/read/", lambda route: route.fulfill(status=503, headers={"Retry-After": "77"})
        )
        for sent in self.sent:
            with tab.expect_response("**/read/"):
                tab.evaluate(f"notifications.read([{sent.pk}])")
        waiting = "[...timers.values()].filter((ms) => ms === 77000).length"
        wait_until(tab, lambda: tab.evaluate(waiting), "the timer")
        self.assertEqual(tab.evaluate(waiting), 1)

    def test_a_mark_that_nobody_answers_is_given_up_and_told_again(self):
        tab = self.open_tab(SOON_GIVEN_UP)
        silent = Silence(tab, "**/read/")
        first, second, *_ = self.sent
        tab.evaluate(f"notifications.read([{first.pk}])")
        wait_until(tab, lambda: silent.routes, "the request")
        silent.over = True
        tab.evaluate(f"notifications.read([{second.pk}])")
        for sent in (first, second):
            self.until_state(tab, sent, "read")

    def test_all_read_is_told_by_the_next_page_where_its_own_goes_without_a_network(self):
        tab = self.open_tab()
        self.until_unread(len(self.sent), tab)
        self.context.set_offline(True)
        tab.evaluate("() => { notifications.readAll(60000); }")
        tab.evaluate("() => { dispatchEvent(new PageTransitionEvent('pagehide')); }")
        tab.close()
        self.context.set_offline(False)
        tab = self.open_tab()
        for sent in self.sent:
            self.until_state(tab, sent, "read")


class ListTests(SharedClientTestCase):
    def test_a_list_that_nobody_answers_is_given_up_and_loaded_again(self):
        notify(self.user, "before")
        silent = Silence(self.context, "**/poll/**")
        tab = self.begin_tab(SOON_GIVEN_UP)
        wait_until(tab, lambda: silent.routes, "the request")
        silent.over = True
        self.until_titles("before", tabs=[tab])

    def test_a_list_that_comes_after_its_tab_has_lost_the_lead_takes_nothing_away(self):
        notify(self.user, "before")
        first = self.open_tab()
        late = Late(first, "**/poll/**")
        first.evaluate("() => { notifications.close(); notifications.connect(); }")
        wait_until(first, lambda: late.answers, "the list")
        second = self.open_tab()
        first.evaluate("notifications.close()")
        self.until(second, "snapshot.status === 'open'", "the socket")
        notify(self.user, "later")
        self.until_titles("later", "before", tabs=[second])
        first.evaluate("notifications.connect()")
        self.until_titles("later", "before", tabs=[first])
        with first.expect_response("**/poll/**"):
            late.arrive()
        notify(self.user, "last")
        self.until_titles("last", "later", "before", tabs=[first, second])


class MoreTests(SharedClientTestCase):
    def setUp(self):
        super().setUp()
        self.sent = [notify(self.user, f"n{number}") for number in range(25)]
        self.tab = self.open_tab()
        self.until(self.tab, "snapshot.items.length >= 20", "the first page")
        queued = Delivery.objects.filter(recipient=self.user).queued()
        wait_until(self.tab, lambda: not queued.exists(), "the acks")
        self.tab.evaluate("() => { notifications.close(); }")
        self.tab.goto("about:blank")
        self.load(self.tab)
        self.assertEqual(len(self.titles(self.tab)), 20)
        self.until(self.tab, "snapshot.status === 'open'", "the socket")

    def test_a_notification_recalled_while_more_is_loaded_does_not_come_back(self):
        gone, read, *_ = self.sent
        late = Late(self.tab, MORE)
        self.tab.evaluate("() => { window.more = notifications.loadMore(); }")
        wait_until(self.tab, lambda: late.answers, "the page")
        recall(gone)
        other = self.open_tab()
        other.evaluate(f"notifications.read([{read.pk}])")
        self.until_unread(23, self.tab)
        late.arrive()
        self.assertTrue(self.tab.evaluate("more"))
        self.assertEqual(self.titles(self.tab), [f"n{number}" for number in range(24, 0, -1)])
        self.until(self.tab, "snapshot.items.at(-1).read_at !== null", "the mark")

    def test_an_old_notification_that_moves_up_into_the_first_page_is_no_news(self):
        self.tab.evaluate("arrived.splice(0)")
        shown = self.tab.evaluate("notifications.snapshot.items.map(({ id }) => id)")
        self.tab.evaluate(f"notifications.archive({shown[:10]})")
        self.until_state(self.tab, self.sent[-1], "archived")
        self.until_state(self.tab, self.sent[-10], "archived")
        self.tab.evaluate("() => { notifications.close(); notifications.connect(); }")
        self.until(self.tab, "snapshot.items.length === 15", "the list")
        self.assertEqual(self.tab.evaluate("arrived"), [])
