"""Frames by id, for sockets that were held back or replay their queue."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Collection
from weakref import WeakKeyDictionary

from notifications.store.frames import read_frames
from notifications.wire import protocol

logger = logging.getLogger(__name__)

MAX_CACHED = 2000
"""Frames kept: what one socket replays, the next often needs too. At most 16 MB at the limit of
`MAX_PAYLOAD_BYTES`, usually half of one."""


MAX_UNREADABLE = 10_000
"""Ids remembered, each logged once for all hubs of a loop, which come and go with their sockets."""

_unreadable: WeakKeyDictionary[asyncio.AbstractEventLoop, OrderedDict[int, None]] = (
    WeakKeyDictionary()
)


class Frames:
    """Belongs to the database thread. A frame stays good until its notification is edited.

    One that cannot be read is not tried again until the process is restarted.
    """

    def __init__(self) -> None:
        # A plain dict would look for its first key among those that were deleted before.
        self._cached: OrderedDict[int, str] = OrderedDict()
        self.unreadable = _unreadable.setdefault(asyncio.get_running_loop(), OrderedDict())

    def forget(self) -> None:
        """The ids may stand for others now. Safe from any thread: the cache is a new one."""
        self._cached = OrderedDict()
        self.unreadable.clear()

    def drop(self, ids: Collection[int]) -> None:
        """These say something else now."""
        for number in ids:
            self._cached.pop(number, None)
            self.unreadable.pop(number, None)

    def get(self, ids: Collection[int]) -> dict[int, str]:
        """Frames of those that exist, have not expired, can be read and fit into a frame."""
        cached = self._cached
        found = {number: cached[number] for number in ids if number in cached}
        missing = [number for number in ids if number not in found]
        if self.unreadable:
            missing = [number for number in missing if number not in self.unreadable]
        if missing:
            for number, (text, stays) in read_frames(missing, self._leave_out).items():
                if not protocol.fits(text):
                    # `notify` refuses what is so long; other code wrote it.
                    self._leave_out(number, "it is too long to be sent")
                    continue
                found[number] = text
                if stays:
                    cached[number] = text
        while len(cached) > MAX_CACHED:
            cached.popitem(last=False)
        return found

    def _leave_out(self, notification_id: int, why: object) -> None:
        self.unreadable[notification_id] = None
        if len(self.unreadable) > MAX_UNREADABLE:
            self.unreadable.popitem(last=False)
        logger.error("Notification %s is left out: %s", notification_id, why)
