"""A page of a server of its own in real browsers, under a strict policy."""

import json
import os
from typing import ClassVar
from unittest import mock

from django.contrib.auth.models import User
from django.test import TransactionTestCase

from notifications.models import Delivery
from notifications.tests.browser import LIMIT_SECONDS, chromium, wait_until
from perftests.load.server.process import ServerProcess

UNHURRIED = """
  const wait = window.setTimeout;
  window.unhurried = true;
  window.setTimeout = (call, ms, ...more) =>
    wait(call, window.unhurried && ms === 6000 ? 120_000 : ms, ...more);
"""
"""6000 is for how long the bell and the inbox offer to take something back."""


class LivePageTestCase(TransactionTestCase):
    """Of a user who is signed in; whatever the browser complains of fails the test."""

    element = "notification-bell"
    """What has the store of the page."""

    notifications: ClassVar = {"SWEEP_SECONDS": 0.5, "RETRY_SECONDS": [0.2, 0.4]}
    """Settings of the site."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        environment = {
            "PERF_SETTINGS_MODULE": "notifyproject.tests.bell_site",
            "PERF_NOTIFICATIONS": json.dumps(cls.notifications),
        }
        cls.server = cls.enterClassContext(ServerProcess(environment=environment))
        cls.browser = cls.enterClassContext(chromium())
        # Playwright runs an event loop in this thread, which waits while the tests use the ORM.
        cls.enterClassContext(mock.patch.dict(os.environ, DJANGO_ALLOW_ASYNC_UNSAFE="true"))

    def setUp(self):
        self.user = User.objects.create_user("ada")
        self.complaints = []
        self.context = self.new_context()

    def tearDown(self):
        # Before any is closed: a tab hands its connection on to one that is closed next.
        self.assertEqual(self.complaints, [])

    def new_context(self, **options):
        context = self.browser.new_context(**options)
        self.addCleanup(context.close)
        context.set_default_timeout(1000 * LIMIT_SECONDS)
        self.client.force_login(self.user)
        session = self.client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": self.server.http_url}])
        return context

    def unhurried_context(self):
        """Its pages let everything be taken back for minutes: on a busy machine a browser may take
        the seconds that a person has. `hurry` ends that."""
        context = self.new_context()
        context.add_init_script(UNHURRIED)
        return context

    def hurry(self, tab):
        tab.evaluate("window.unhurried = false")

    def open_tab(self, query="", context=None):
        tab = (context or self.context).new_page()
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        tab.on("console", lambda message: self.complaints.append(message.text))
        tab.goto(f"{self.server.http_url}/{query}")
        return tab

    def open_live_tab(self, query="", context=None):
        tab = self.open_tab(query, context)
        store = f"document.querySelector('{self.element}').notifications"
        wait_until(tab, lambda: tab.evaluate(f"{store}?.snapshot.loaded"), "the list")
        return tab

    def until_state(self, tab, sent, state):
        def reached():
            return Delivery.objects.get(notification=sent, recipient=self.user).state == state

        wait_until(tab, reached, state)
