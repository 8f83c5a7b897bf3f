"""One connected socket: its credit, what is in flight, what is held back."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from notifications.access.authentication import Admission
from notifications.wire import protocol
from notifications.wire.extensions import FrameWriter, SharedText

from .outbox import Outbox, Send

MAX_HELD = 1000
"""Ids held back for one socket; beyond, the client is told to load its list again."""

MAX_BATCH_CHARACTERS = 15_000
"""At most four bytes each, and what a batch puts around: a frame stays within
`protocol.MAX_BYTES`. One that is longer goes alone."""


class Socket(Outbox):
    """A connection with credit.

    A notification is *in flight* from its sending to its ack and *held* while there is no credit.
    `cursor` is the last id read from the queue during a replay, `None` when nothing is left
    there; `overflowed` says that more was held back than is remembered. Nothing above `newest` was
    ever sent here.

    It is silent until it is greeted: nothing but a close comes before the hello. The count that was
    sent last includes what was committed of the ids up to `upto`, and that of the hello of those up
    to `since`. `on_stale` is called when that may not be so for one of them: another is to follow.
    What its client says leaves `trace` in the rows.
    """

    __slots__ = (
        "_crossed",
        "_newest_before",
        "acked",
        "acked_before",
        "admission",
        "auto_ack",
        "cursor",
        "greeted",
        "held",
        "in_flight",
        "last_heard",
        "newest",
        "on_stale",
        "overflowed",
        "pk",
        "since",
        "spent",
        "trace",
        "upto",
        "waiting_since",
        "window",
    )

    def __init__(
        self,
        send: Send,
        abandon: Callable[[], object],
        *,
        window: int,
        auto_ack: bool = False,
        writer: FrameWriter | None = None,
        trace: int = 0,
    ) -> None:
        super().__init__(send, abandon, writer)
        self.window = window
        self.auto_ack = auto_ack
        self.trace = trace
        self.pk: Any = None
        self.admission: Admission | None = None
        self.greeted = False
        self.cursor: int | None = 0
        self.in_flight: dict[int, None] = {}
        self.acked: list[int] = []
        self.acked_before: list[int] = []
        self.held: dict[int, None] = {}
        self.overflowed = False
        self.newest = 0
        self.upto = self.since = self._newest_before = 0
        self._crossed = False
        self.on_stale: Callable[[Socket], object] = _ignore
        self.spent = 0
        self.last_heard = self.waiting_since = self._loop.time()

    @property
    def credit(self) -> int:
        """Notifications that may be sent now."""
        if self._finishing is not None or self.closed or not self.greeted:
            return 0
        return self.window - (self.spent if self.auto_ack else len(self.in_flight))

    @property
    def behind(self) -> bool:
        """Something waits for it in the database."""
        return self.cursor is not None or bool(self.held)

    def knows(self, notification_id: int) -> bool:
        """It is on its way, or its ack came a moment ago."""
        return notification_id <= self.newest and (
            notification_id in self.in_flight
            or notification_id in self.acked
            or notification_id in self.acked_before
        )

    def greet(self, text: str, upto: int) -> None:
        """Send the hello, whose count includes what was committed up to this id."""
        self.greeted = True
        self.write(text)
        self.upto = self.since = upto
        if self.held and min(self.held) <= upto:
            self.on_stale(self)

    def begin_count(self) -> None:
        """A count begins that is going to be sent."""
        self._newest_before, self._crossed = self.newest, False

    def send_count(self, *texts: str, upto: int) -> None:
        """Send a count that includes what was committed up to this id when it was made."""
        if not self.greeted:
            self.on_stale(self)
            return
        for text in texts:
            self.write(text)
        self.upto = upto
        if self._crossed or self._newest_before < min(self.newest, upto):
            self.on_stale(self)  # something was sent since, and may be counted or not

    def write(self, text: str) -> None:
        """Hand one frame to the server. Before the hello, which makes up for it, none."""
        if self.greeted:
            super().write(text)

    def offer(self, notification_id: int, shared: SharedText) -> bool:
        """Push a frame now, or hold its id back; whether it was pushed."""
        # `behind`, without the call: this is the way of every push.
        if self.cursor is not None or self.held or self.credit <= 0:
            self.hold(notification_id)
            return False
        if notification_id <= self.upto:
            self.on_stale(self)
        if self.knows(notification_id):
            return False
        self._sent(notification_id)
        # As `write` does; with credit the socket is neither busy nor closed.
        self._hand_over(shared)
        return True

    def offer_all(self, frames: Sequence[tuple[int, str]]) -> list[int]:
        """Push several together, or hold back what there is no credit for; the ids pushed."""
        if any(number <= self.upto for number, _ in frames):
            self.on_stale(self)
        new = [frame for frame in frames if not self.knows(frame[0])]
        sent = [] if self.behind else self.push(new)
        for number, _ in new[len(sent) :]:
            self.hold(number)
        return sent

    def hold(self, notification_id: int) -> None:
        """Remember what has to follow when there is credit again."""
        if notification_id <= self.upto:
            self.on_stale(self)
        if self.knows(notification_id):
            return
        self._crossed = True  # a count that is under way may include it or not
        if len(self.held) < MAX_HELD:
            self.held[notification_id] = None
        else:
            self.held.clear()
            self.overflowed = True
            self.cursor = 0

    def push(self, frames: Sequence[tuple[int, str]]) -> list[int]:
        """Send what was read from the database, in as few frames as its size allows.

        Returns the ids sent; fewer than given where credit ends, or the client stops reading.
        """
        sent: list[int] = []
        for part in _split(frames[: max(0, self.credit)]):
            if self.busy or self.closed:
                break
            for number, _ in part:
                self._sent(number)
                sent.append(number)
            texts = [text for _, text in part]
            self.write(texts[0] if len(texts) == 1 else protocol.batch(texts))
        return sent

    def acknowledge(self, ids: Iterable[int]) -> list[int]:
        """Take ids out of flight; those that were in flight here, as no others count."""
        in_flight, taken = self.in_flight, []
        for number in ids:
            if number in in_flight:
                del in_flight[number]
                taken.append(number)
        if taken:
            self._remember(taken)
            self.waiting_since = self.last_heard
        return taken

    def _sent(self, notification_id: int) -> None:
        # What came live during a replay is held, and the replay may reach it first.
        if self.held:
            self.held.pop(notification_id, None)
        if notification_id > self.newest:
            self.newest = notification_id
        else:
            self._crossed = True
        if self.auto_ack:
            self.spent += 1
            self._remember((notification_id,))
            return
        if not self.in_flight:
            self.waiting_since = self._loop.time()
        self.in_flight[notification_id] = None

    def _remember(self, ids: Iterable[int]) -> None:
        """A late hint may still come for what was acked: a window of ids, and up to one more.

        Lists, as ids come with every ack and are hardly ever looked for.
        """
        self.acked.extend(ids)
        if len(self.acked) >= self.window:
            self.acked, self.acked_before = [], self.acked


def _ignore(socket: Socket) -> None:
    pass


def _split(frames: Sequence[tuple[int, str]]) -> Iterator[Sequence[tuple[int, str]]]:
    """Runs of frames whose texts fit into one."""
    size = start = 0
    for position, (_, text) in enumerate(frames):
        if position > start and size + len(text) > MAX_BATCH_CHARACTERS:
            yield frames[start:position]
            size, start = 0, position
        size += len(text)
    if frames[start:]:
        yield frames[start:]
