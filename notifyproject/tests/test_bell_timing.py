"""How soon the bell rings, and whether a page stays smooth while much arrives at once."""

import json
import time
from statistics import median
from typing import ClassVar

from django.test import tag

from notifications.models import Delivery
from notifications.send import notify
from notifications.tests.browser import needs_browser, wait_until

from .live_page import LivePageTestCase

RINGS = 20
SOON_MS = 300
MISSED = 500
FRAME_MS = 50

COUNTED = """() => {
  window.rung = {};
  const badge = document.querySelector("notification-bell").shadowRoot.getElementById("badge");
  const note = () => { rung[badge.textContent] ??= Date.now(); };
  const all = { childList: true, characterData: true, subtree: true };
  new MutationObserver(note).observe(badge, all);
}"""

TASKS = ["__metadata", "disabled-by-default-devtools.timeline"]


def longest_task_ms(trace):
    """CPU of a page's main thread without a break, which other processes do not lengthen."""
    events = json.loads(trace)["traceEvents"]
    names = [event for event in events if event["name"] == "thread_name"]
    pages = {
        (event["pid"], event["tid"]) for event in names if event["args"]["name"] == "CrRendererMain"
    }
    tasks = [event for event in events if event["name"] == "RunTask" and "tdur" in event]
    return max(task["tdur"] for task in tasks if (task["pid"], task["tid"]) in pages) / 1000


@tag("alone", "slow")
@needs_browser
class BellTimingTests(LivePageTestCase):
    notifications: ClassVar = {}

    def test_the_bell_rings_soon_after_another_process_has_sent(self):
        tab = self.open_live_tab()
        tab.evaluate(COUNTED)
        took = []
        for number in range(1, RINGS + 1):
            begun = time.time()
            notify(self.user, f"n{number}")
            wait_until(tab, lambda n=number: tab.evaluate(f"rung[{n}]"), "the bell")
            took.append(tab.evaluate(f"rung[{number}]") - 1000 * begun)
        self.assertLessEqual(median(took), SOON_MS, took)


@tag("alone", "slow")
@needs_browser
class ManyMissedTests(LivePageTestCase):
    def test_a_page_stays_smooth_while_all_comes_that_it_missed(self):
        tab = self.open_live_tab()
        tab.locator("#bell").click()
        self.context.set_offline(True)
        self.server.kill()
        for number in range(MISSED):
            notify(self.user, f"n{number}")
        self.server.start()
        self.browser.start_tracing(page=tab, categories=TASKS)
        self.context.set_offline(False)
        shown = tab.locator("[part=item]")
        wait_until(tab, lambda: shown.count() == MISSED, "all of them")
        titles = tab.locator("[part=item] [part=title]").all_text_contents()
        self.assertEqual(titles, [f"n{number}" for number in reversed(range(MISSED))])
        wait_until(tab, lambda: not Delivery.objects.queued().exists(), "the acks")
        self.complaints.clear()  # that there was no network
        self.assertLess(longest_task_ms(self.browser.stop_tracing()), FRAME_MS)
