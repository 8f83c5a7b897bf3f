"""What real clients say of themselves, on real servers."""

import json
import os
import socket
from unittest import mock
from urllib.request import Request, urlopen

from django.db import connections
from django.test import TransactionTestCase, tag
from django.urls import reverse
from websockets.sync.client import connect

from notifications.access.tickets import make_ticket
from notifications.db.traces import in_words
from notifications.models import Delivery
from notifications.send import notify
from perftests.load.server.process import ServerProcess

from ..browser import chromium, needs_browser
from ..users import make_user
from ..waiting import wait_until

PATH = "/ws/notifications/"
PHONE = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537"
COMPUTER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36"

ACKNOWLEDGE = """
(url) => new Promise((resolve) => {
  const socket = new WebSocket(url);
  socket.onmessage = ({ data }) => {
    const frame = JSON.parse(data);
    if (frame.type !== "notification") return;
    socket.send(JSON.stringify({ type: "ack", ids: [frame.id] }));
    resolve(frame.id);
  };
})
"""


class DevicesTests:
    server_name = ""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        environment = {"PERF_NOTIFICATIONS": json.dumps({"TRACE_DEVICES": True})}
        cls.server = cls.enterClassContext(ServerProcess(cls.server_name, environment=environment))

    def setUp(self):
        self.user = make_user("ada")
        self.url = f"{self.server.websocket_url}{PATH}?ticket={make_ticket(self.user)}"
        self.number = notify(self.user, "title").pk

    def known(self):
        return in_words(Delivery.objects.get(notification=self.number).traces)

    def until_known(self, **steps):
        known = {f"{step}_at": words.split() for step, words in steps.items()}
        wait_until(lambda: self.known() == known, known)

    def acknowledge(self, client):
        while json.loads(client.recv(10))["type"] != "notification":
            pass
        client.send(json.dumps({"type": "ack", "ids": [self.number]}))

    def test_a_socket_and_a_request_leave_what_their_headers_say(self):
        with connect(self.url, user_agent_header=PHONE) as phone:
            self.acknowledge(phone)
            self.until_known(delivered="websocket handheld")
        url = self.server.http_url + reverse("notifications:read-one", args=[self.number])
        bearer = f"Bearer {make_ticket(self.user)}"
        headers = {"Authorization": bearer, "User-Agent": COMPUTER}
        with urlopen(Request(url, method="POST", headers=headers), timeout=10) as answer:
            self.assertEqual(answer.status, 200)
        read = dict.fromkeys(("seen", "read"), "http computer")
        self.until_known(delivered="websocket handheld", **read)

    def test_a_python_client_is_a_program_unless_it_says_nothing(self):
        with connect(self.url) as client:
            self.acknowledge(client)
            self.until_known(delivered="websocket program")
        Delivery.objects.update(delivered_at=None, traces=None)
        with connect(self.url, user_agent_header=None) as client:
            self.acknowledge(client)
            self.until_known(delivered="websocket")

    def test_no_header_keeps_a_client_out_however_odd_it_is(self):
        for odd in (b"", b"\xff\xfe\x80Android", b"\xc3\x28" * 100, b"a" * 6000, b"%s {0} ;;((("):
            with self.subTest(odd[:20]):
                self.assertIn(b'"hello"', self.greeting(odd))

    def greeting(self, user_agent):
        address = ("127.0.0.1", self.server.port)
        with socket.create_connection(address, 5) as client:
            head = (
                f"GET {self.url.removeprefix(self.server.websocket_url)} HTTP/1.1\r\n"
                "Host: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            )
            agent = b"User-Agent: " + user_agent + b"\r\nSec-CH-UA-Mobile: " + user_agent[:9]
            client.sendall(head.encode() + agent + b"\r\n\r\n")
            received = b""
            while b'"hello"' not in received and (news := client.recv(4096)):
                received += news
            return received

    @needs_browser
    def test_a_browser_of_a_phone_and_one_of_a_computer_are_told_apart(self):
        browser = self.enterContext(chromium())
        # Playwright runs an event loop in this thread, which waits while the tests use the ORM, by
        # a connection of its own.
        self.enterContext(mock.patch.dict(os.environ, DJANGO_ALLOW_ASYNC_UNSAFE="true"))
        self.addCleanup(connections.close_all)
        for agent, is_mobile, device in (
            (PHONE, True, "handheld"),
            (COMPUTER, False, "computer"),
            (None, False, "program"),  # Chromium without a screen says that of itself
        ):
            context = browser.new_context(user_agent=agent, is_mobile=is_mobile)
            page = context.new_page()
            page.goto(self.server.http_url + reverse("home"))
            self.assertEqual(page.evaluate(ACKNOWLEDGE, self.url), self.number)
            self.until_known(delivered=f"websocket {device}")
            context.close()
            Delivery.objects.update(delivered_at=None, traces=None)


@tag("slow")
class DaphneTests(DevicesTests, TransactionTestCase):
    server_name = "daphne"


@tag("slow")
class UvicornTests(DevicesTests, TransactionTestCase):
    server_name = "uvicorn"
