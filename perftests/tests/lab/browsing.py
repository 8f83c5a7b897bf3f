"""Chromium on the pages of the lab, signed in as who may see them all."""

import os
from unittest import mock

from django.contrib.auth.models import User
from django.contrib.staticfiles.testing import StaticLiveServerTestCase

from notifications.tests.browser import chromium

SIZES = ((1280, 800), (390, 844))

SCREEN = """() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = [];
  while (texts.nextNode()) {
    const range = document.createRange();
    range.selectNodeContents(texts.currentNode);
    const {top, bottom, left, right, width} = range.getBoundingClientRect();
    const within = top >= 0 && bottom <= innerHeight && left >= 0 && right <= innerWidth;
    if (width && within && texts.currentNode.parentElement.checkVisibility()) {
      seen.push(texts.currentNode.data);
    }
  }
  return seen.join(" ").replace(/\\s+/g, " ");
}"""
"""The words that one sees without scrolling, in the order of the page."""


class LabInBrowserTestCase(StaticLiveServerTestCase):
    def setUp(self):
        self.client.force_login(User.objects.create_superuser("root"))
        self.browser = self.enterContext(chromium())
        # Playwright runs an event loop in this thread, which waits while the test stores runs.
        self.enterContext(mock.patch.dict(os.environ, DJANGO_ALLOW_ASYNC_UNSAFE="true"))

    def open(self, path, size=SIZES[0], scheme="light"):
        width, height = size
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        self.addCleanup(context.close)
        cookie = {"name": "sessionid", "value": self.client.cookies["sessionid"].value}
        context.add_cookies([{**cookie, "url": self.live_server_url}])
        page = context.new_page()
        page.goto(f"{self.live_server_url}{path}")
        return page
