"""Frames by id, for sockets that were held back or replay their queue."""

from collections import OrderedDict
from collections.abc import Collection

from .. import offline

MAX_CACHED = 2000
"""Frames kept: what one socket replays, the next often needs too. At most 16 MB at the limit of
`MAX_PAYLOAD_BYTES`, usually half of one."""


class Texts:
    """Belongs to the database thread; a notification never changes, so its frame stays good."""

    def __init__(self) -> None:
        # A plain dict would look for its first key among those that were deleted before.
        self._cached: OrderedDict[int, str] = OrderedDict()

    def get(self, ids: Collection[int]) -> dict[int, str]:
        """Frames of those that exist and have not expired."""
        found = {number: self._cached[number] for number in ids if number in self._cached}
        missing = [number for number in ids if number not in found]
        if missing:
            for number, (text, stays) in offline.texts(missing).items():
                found[number] = text
                if stays:
                    self._cached[number] = text
        while len(self._cached) > MAX_CACHED:
            self._cached.popitem(last=False)
        return found
