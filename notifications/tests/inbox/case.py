"""A user who looks into the inbox, and another whose rows must stay as they are."""

import re

from django.urls import reverse

from ..feed.case import FeedTestCase


class InboxTestCase(FeedTestCase):
    url = reverse("notifications:inbox")

    def page(self, query="", **options):
        return self.client.get(self.url + query, **options)

    def shown(self, query="", status=200):
        """The titles on a page, in its order."""
        response = self.page(query)
        self.assertEqual(response.status_code, status)
        return [entry["title"] for entry in response.context["entries"]]

    def press(self, button, *ids, query="", client=None, **fields):
        sent = {"do": button, "ids": ids, **fields}
        return (client or self.client).post(self.url + query, sent)


def further(response):
    """The address of what follows, as a browser reads it."""
    found = re.search(r'rel="next" href="([^"]+)"', response.content.decode())
    return found and found[1].replace("&amp;", "&")
