"""A client made of docs/reference/protocol.md alone."""

import json
import time

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

LIMIT_SECONDS = 10


QUIET_SECONDS = 0.4


LONGEST_FRAME = 65_536


class Device:
    """What the document asks of a client, and a memory that outlives its connections."""

    def __init__(self):
        self.shown = []
        self.epoch = self.socket = None
        self.unread = self.upto = 0

    def connect(self, url, ticket, *early_frames):
        self.socket = connect(
            f"{url}/ws/notifications/",
            subprotocols=["notifications.v1", f"ticket.{ticket}"],
            max_size=LONGEST_FRAME,
            compression=None,
        )
        self.frames, self.arrived = [], []
        for frame in early_frames:
            self.send(frame)
        return self

    def send(self, frame):
        self.socket.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))

    def ack(self, ids=None):
        self.send({"type": "ack", "ids": ids or self.arrived})

    @property
    def count(self):
        return self.unread + sum(number > self.upto for number in self.shown)

    def of(self, kind):
        return [frame for frame in self.frames if frame["type"] == kind]

    def receive(self, timeout):
        frame = json.loads(self.socket.recv(timeout=timeout))
        self.frames.append(frame)
        if frame["type"] == "hello":
            if self.epoch not in (None, frame["epoch"]):
                self.shown.clear()
            self.epoch = frame["epoch"]
        if frame["type"] in ("hello", "state"):
            self.unread, self.upto = frame["unread"], frame["upto"]
            self.shown = [pk for pk in self.shown if pk not in frame.get("deleted", ())]
        for item in frame["items"] if frame["type"] == "batch" else [frame]:
            if item["type"] == "notification":
                self.arrived.append(item["id"])
                if item["id"] not in self.shown:
                    self.shown.append(item["id"])
        return frame

    def until(self, condition, what):
        deadline = time.monotonic() + LIMIT_SECONDS
        while not condition():
            try:
                self.receive(max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                raise AssertionError(f"waited for {what}; got last {self.frames[-3:]}") from None

    def until_greeted(self):
        self.until(lambda: self.frames, "hello")
        return self.frames[0]

    def until_shown(self, *notifications):
        wanted = {notification.pk for notification in notifications}
        self.until(lambda: wanted <= set(self.shown), wanted)

    def until_frame(self, kind):
        self.until(lambda: self.of(kind), kind)
        return self.of(kind)[-1]

    def until_quiet(self):
        """Nothing comes any more."""
        try:
            while True:
                self.receive(QUIET_SECONDS)
        except TimeoutError:
            pass

    def until_closed(self):
        try:
            while True:
                self.receive(LIMIT_SECONDS)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006
