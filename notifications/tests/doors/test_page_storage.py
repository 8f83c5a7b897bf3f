"""Pages in frames and browsers that let them store and lock nothing."""

from notifications.send import notify

from ..tabs import SharedClientTestCase

BLOCKED = """
  const blocked = () => new DOMException("The request was denied.", "SecurityError");
  LockManager.prototype.request = () => Promise.reject(blocked());
  Object.defineProperty(window, "localStorage", { get() { throw blocked(); } });
"""
"""As in a sandbox; a page that asks again in the same moment stands still for ever."""

OFF = "Object.defineProperty(window, 'localStorage', { value: null });"
"""As in a view of an app that has not turned it on."""


class PageStorageTests(SharedClientTestCase):
    def test_a_page_that_may_store_and_lock_nothing_is_live_and_tells_what_was_done(self):
        for refusal in (BLOCKED, OFF):
            with self.subTest(refusal):
                tab = self.open_tab(refusal)
                sent = [notify(self.user, f"n{number}") for number in range(2)]
                self.until(tab, "snapshot.unread === 2", "both")
                for one in sent:
                    tab.evaluate(f"notifications.read([{one.pk}])")
                for one in sent:
                    self.until_state(tab, one, "read")
                tab.close()
