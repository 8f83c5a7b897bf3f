"""Tabs of real browsers with notifications.js, on a real server."""

import json
import os
from unittest import mock

from django.contrib.auth.models import User
from django.test import TransactionTestCase, tag

from notifications.models import Delivery
from perftests.load.server.process import ServerProcess

from .browser import LIMIT_SECONDS, chromium, needs_browser, wait_until

# A real page of the server: of one that a test makes up, Chromium lets no socket into the network.
PAGE = "/notifications/openapi.json"
SCRIPT = """async (user) => {
  const { Notifications } = await import("/static/notifications/notifications.js");
  window.notifications = new Notifications({ user });
  window.arrived = [];
  window.begun = performance.now();
  notifications.addEventListener("notification", ({ detail }) => arrived.push(detail.id));
  notifications.connect();
}"""

# What a proxy does that lets no WebSocket through.
BLOCKED = """
window.RealWebSocket = WebSocket;
window.WebSocket = class extends EventTarget {
  constructor() { super(); setTimeout(() => this.onclose?.({ code: 1006 }), 50); }
  close() {}
  send() {}
};
"""


@tag("slow", "tabs")
@needs_browser
class SharedClientTestCase(TransactionTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        settings = {"SWEEP_SECONDS": 0.5, "RETRY_SECONDS": [0.2, 0.4], "POLL_SECONDS": 2}
        environment = {"PERF_NOTIFICATIONS": json.dumps(settings)}
        cls.server = cls.enterClassContext(ServerProcess(environment=environment))
        cls.browser = cls.enterClassContext(chromium())
        # Playwright runs an event loop in this thread, which waits while the tests use the ORM.
        cls.enterClassContext(mock.patch.dict(os.environ, DJANGO_ALLOW_ASYNC_UNSAFE="true"))

    def setUp(self):
        self.user = User.objects.create_user("ada")
        self.sockets, self.complaints = [], []
        self.context = self.new_context()

    def new_context(self):
        context = self.browser.new_context()
        self.addCleanup(context.close)
        context.set_default_timeout(1000 * LIMIT_SECONDS)
        self.sign_in(self.user, context)
        return context

    def sign_in(self, user, context):
        self.client.force_login(user)
        cookies = {"sessionid": self.client.cookies["sessionid"].value, "csrftoken": "a" * 32}
        context.add_cookies(
            [{"name": n, "value": v, "url": self.server.http_url} for n, v in cookies.items()]
        )

    def open_tab(self, script="", context=None):
        tab = self.begin_tab(script, context)
        self.until(tab, "snapshot.loaded", "the list")
        return tab

    def begin_tab(self, script="", context=None):
        tab = (context or self.context).new_page()
        tab.on("websocket", lambda socket: self.sockets.append(socket))
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.addCleanup(lambda: self.assertEqual(self.complaints, []))
        if script:
            tab.add_init_script(script)
        self.begin(tab)
        return tab

    def load(self, tab):
        self.begin(tab)
        self.until(tab, "snapshot.loaded", "the list")

    def begin(self, tab, script=SCRIPT):
        tab.goto(self.server.http_url + PAGE)
        tab.evaluate(script, str(self.user.pk))

    def until(self, tab, condition, what):
        wait_until(tab, lambda: tab.evaluate(f"notifications.{condition}"), what)

    def titles(self, tab):
        return tab.evaluate("notifications.snapshot.items.map(({ title }) => title)")

    def until_titles(self, *titles, tabs):
        def all_show_them():
            return all(self.titles(tab) == list(titles) for tab in tabs)

        wait_until(tabs[0], all_show_them, titles)

    def until_state(self, tab, sent, state):
        wait_until(tab, lambda: self.state(sent) == state, state)

    def until_unread(self, number, *tabs):
        for tab in tabs:
            self.until(tab, f"snapshot.unread === {number}", f"{number} unread")

    def state(self, sent):
        return Delivery.objects.get(notification=sent, recipient=self.user).state
