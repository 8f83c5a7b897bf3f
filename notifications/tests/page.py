"""A page in a real browser whose server and whose clock belong to the tests."""

import json

from django.contrib.staticfiles import finders
from django.test import SimpleTestCase, tag

from .browser import chromium, wait_until

SITE = "http://site.test/"
PAGES = {
    "/": ("text/html", '<!DOCTYPE html><script type="module" src="/page.js"></script>'),
    "/page.js": (
        "text/javascript",
        """
        import { NotificationClient } from "/client.js";
        window.client = new NotificationClient();
        window.events = [];
        for (const type of ["notification", "state", "edited", "status", "resync"]) {
          client.addEventListener(type, ({ detail }) => events.push({ ...detail, type }));
        }
        """,
    ),
}
POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'"


def client_source():
    with open(finders.find("notifications/client.js")) as file:
        return file.read()


def notification(number):
    return {"type": "notification", "id": number, "title": f"Number {number}"}


class Server:
    """The other end of the client's sockets."""

    def __init__(self, page):
        self.sockets = []
        self.frames = []
        self.hello = {
            "epoch": "a",
            "unread": 0,
            "upto": 0,
            "queued": 0,
            "window": 8,
            "retry": [1, 1],
        }
        self.answers_pings = True
        page.route_web_socket("ws://site.test/ws/notifications/", self._accept)

    def send(self, *frames):
        for frame in frames:
            self.sockets[-1].send(json.dumps(frame))

    def close(self, code):
        self.sockets[-1].close(code=code)

    def of(self, kind):
        return [frame for frame in self.frames if frame["type"] == kind]

    def _accept(self, socket):
        self.sockets.append(socket)
        socket.on_message(lambda text: self._receive(socket, json.loads(text)))
        if self.hello is not None:
            self.send({"type": "hello", "protocol": 1, **self.hello})

    def _receive(self, socket, frame):
        self.frames.append(frame)
        if frame["type"] == "ping" and self.answers_pings:
            socket.send('{"type":"pong"}')


@tag("slow")
class PageTestCase(SimpleTestCase):
    """A page with the client on it; whatever it complains of fails the test."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = cls.enterClassContext(chromium())

    def setUp(self):
        context = self.browser.new_context()
        self.addCleanup(context.close)
        self.page = context.new_page()
        self.complaints = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.addCleanup(lambda: self.assertEqual(self.complaints, []))
        self.page.route(f"{SITE}**", self.serve)
        self.server = Server(self.page)
        self.page.clock.install(time=0)
        self.page.goto(SITE)
        self.page.clock.pause_at(60)

    def serve(self, route):
        path = route.request.url.removeprefix(SITE[:-1])
        kind, body = PAGES.get(path, ("text/javascript", client_source()))
        headers = {"content-type": kind, "content-security-policy": POLICY}
        route.fulfill(body=body, headers=headers)

    def connect(self, **hello):
        self.server.hello |= hello
        self.page.evaluate("client.connect()")
        self.until_status("open")

    def call(self, expression):
        self.page.evaluate(expression)

    def events(self, kind):
        events = self.page.evaluate("events")
        return [event for event in events if event["type"] == kind]

    def status(self):
        return self.page.evaluate("client.status")

    def shown(self):
        return [event["id"] for event in self.events("notification")]

    def unread(self):
        return self.page.evaluate("client.unread")

    def pass_time(self, seconds):
        self.page.clock.run_for(int(seconds * 1000))

    def until(self, condition, what):
        wait_until(self.page, condition, what)

    def until_status(self, status):
        self.until(lambda: self.status() == status, f"status {status}")

    def until_shown(self, *ids):
        self.until(lambda: self.shown() == list(ids), f"notifications {ids}")

    def until_sockets(self, number):
        self.until(lambda: len(self.server.sockets) == number, f"connection {number}")

    def settle(self):
        """Everything that either side has sent before has arrived."""
        marker = len(self.server.frames) + 1_000_000
        self.call(f"client.seen([{marker}])")
        self.until(lambda: {"type": "seen", "ids": [marker]} in self.server.frames, "a frame")
        self.server.send({"type": "state", "unread": marker, "upto": marker})
        self.until(lambda: self.unread() == marker, "a state")
