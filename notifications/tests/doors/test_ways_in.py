"""Each way of showing a ticket, by the clients that people have, on real servers."""

import json
import os
import socket
import time
from unittest import mock

from django.test import TransactionTestCase, tag
from django.urls import reverse
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from notifications.access.tickets import SUBPROTOCOL, make_ticket
from notifications.conf import get_settings
from notifications.send import notify
from notifications.wire.protocol import RECONNECT_CODES
from perftests.load.server.process import ServerProcess

from ..browser import chromium, needs_browser
from ..users import make_user

PATH = "/ws/notifications/"

CONNECT = """
([url, protocols]) => new Promise((resolve) => {
  const socket = new WebSocket(url, protocols);
  socket.onmessage = ({ data }) => resolve({ frame: JSON.parse(data), chosen: socket.protocol });
  socket.onclose = ({ code }) => resolve({ code });
})
"""


class WaysInTests:
    server_name = ""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.enterClassContext(ServerProcess(cls.server_name))

    def setUp(self):
        self.user = make_user("ada")
        self.ticket = make_ticket(self.user)
        self.url = f"{self.server.websocket_url}{PATH}"

    def answer(self, query="", **options):
        """The type of the first frame, or the code of the close, or the status of HTTP."""
        try:
            with connect(f"{self.url}{query}", **options) as socket:
                try:
                    return json.loads(socket.recv(10))["type"], socket.subprotocol
                except ConnectionClosed as closed:
                    return closed.rcvd.code, socket.subprotocol
        except InvalidStatus as refused:
            return refused.response.status_code, None

    def test_a_python_client_may_show_its_ticket_in_the_url(self):
        self.assertEqual(self.answer(f"?ticket={self.ticket}"), ("hello", None))

    def test_a_python_client_may_show_its_ticket_as_a_subprotocol(self):
        offered = [SUBPROTOCOL, f"ticket.{self.ticket}"]
        self.assertEqual(self.answer(subprotocols=offered), ("hello", SUBPROTOCOL))

    def test_a_python_client_may_show_its_ticket_in_a_header(self):
        headers = {"Authorization": f"Bearer {self.ticket}"}
        self.assertEqual(self.answer(additional_headers=headers), ("hello", None))

    def test_a_bad_ticket_is_refused_whichever_way_it_is_shown(self):
        for bad in (self.ticket[:-1], self.ticket[1:], "x", "a.b.c", "x" * 4000):
            with self.subTest(bad[:20]):
                headers = {"Authorization": f"Bearer {bad}"}
                self.assertEqual(self.answer(f"?ticket={bad}")[0], 4401)
                self.assertEqual(self.answer(additional_headers=headers)[0], 4401)
                offered = [SUBPROTOCOL, f"ticket.{bad}"]
                self.assertEqual(self.answer(subprotocols=offered)[0], 4401)

    def test_a_user_whose_connections_vanished_without_a_close_is_greeted_at_once(self):
        limit = get_settings().MAX_SOCKETS_PER_USER
        for _ in range(limit):
            self.vanish()
        back = [
            self.enterContext(connect(f"{self.url}?ticket={self.ticket}")) for _ in range(limit)
        ]
        begun = time.monotonic()
        for client in back:
            self.assertEqual(json.loads(client.recv(5))["type"], "hello")
        self.assertLess(time.monotonic() - begun, 5)
        sent = notify(self.user, "Still here")
        for client in back:
            self.assertEqual(json.loads(client.recv(5))["id"], sent.pk)

    def vanish(self):
        """A client that is greeted, and then neither reads nor answers, as if it were asleep."""
        asleep = self.enterContext(socket.create_connection(("127.0.0.1", self.server.port), 5))
        asleep.sendall(
            f"GET {PATH}?ticket={self.ticket} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        received = b""
        while b'"hello"' not in received:
            news = asleep.recv(4096)
            self.assertTrue(news, received)
            received += news

    def test_a_client_that_shows_nothing_is_refused_before_the_socket_opens(self):
        self.assertEqual(self.answer(), (403, None))

    @needs_browser
    def test_a_page_may_show_its_ticket_in_the_url_or_as_a_subprotocol(self):
        page = self.page()
        offered = [SUBPROTOCOL, f"ticket.{self.ticket}"]
        by_url = page.evaluate(CONNECT, [f"{self.url}?ticket={self.ticket}", []])
        self.assertEqual(by_url["frame"]["type"], "hello")
        by_protocol = page.evaluate(CONNECT, [self.url, offered])
        self.assertEqual(by_protocol["frame"]["type"], "hello")
        self.assertEqual(by_protocol["chosen"], SUBPROTOCOL)

    @needs_browser
    def test_a_page_with_a_bad_ticket_hears_why_it_is_closed(self):
        self.assertEqual(self.code_of_a_bad_ticket(self.page()), 4401)

    def code_of_a_bad_ticket(self, page):
        """
        The code at which a page that follows the protocol stays away.

        Daphne breaks a connection off one second after its close frame. A browser that stood still
        meanwhile fails to answer that frame, and reports 1006 in place of the code in it.
        """
        offered = [SUBPROTOCOL, f"ticket.{self.ticket[:-1]}"]
        for _attempt in range(5):
            code = page.evaluate(CONNECT, [self.url, offered])["code"]
            if code not in RECONNECT_CODES:
                break
        return code

    def page(self):
        """One of the site's, in a browser that is not signed in."""
        browser = self.enterContext(chromium())
        # Playwright runs an event loop in this thread, which waits while the tests use the ORM.
        self.enterContext(mock.patch.dict(os.environ, DJANGO_ALLOW_ASYNC_UNSAFE="true"))
        page = browser.new_page()
        page.goto(self.server.http_url + reverse("home"))
        return page


@tag("slow")
class DaphneTests(WaysInTests, TransactionTestCase):
    server_name = "daphne"


@tag("slow")
class UvicornTests(WaysInTests, TransactionTestCase):
    server_name = "uvicorn"
