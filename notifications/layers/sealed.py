"""Hints that leave the process, sealed on their way out and opened on their way in."""

import logging
import time
from collections.abc import Iterable, Sequence
from struct import Struct

from .base import Batch, HintsLayer, Receive, Recovered, Subscription
from .seal import ID_BYTES, Seal

logger = logging.getLogger(__name__)

MAX_AGE_SECONDS = 300
"""An older one is a replay by somebody who reads the broker, or was held up for so long that the
sweep has found what it was about. Clocks of a site's machines may differ by as much."""

_HEAD = Struct(">IB")
"""When it was sealed, and under how many keys, whose ids follow."""


class SealedHints:
    """A layer behind a seal for each key of the site, the present one first.

    While `SECRET_KEY` is rotated, some processes know the old key, some both, some only the new
    one. So each publishes and listens under every key that it knows: any two that share one hear
    each other.
    """

    def __init__(self, layer: HintsLayer, seals: Sequence[Seal]) -> None:
        self.layer = layer
        self._seals = seals
        self._ids = b"".join(seal.id for seal in seals)
        self._refused: set[str] = set()

    def publish_hints(self, batch: Batch) -> None:
        head = _HEAD.pack(int(time.time()), len(self._seals)) + self._ids
        self.layer.publish_hints(
            [
                sealed
                for payload, groups in batch
                for seal in self._seals
                for sealed in seal.close(head + payload, groups)
            ]
        )

    async def subscribe_hints(self, receive: Receive, recovered: Recovered) -> Subscription:
        opener = _Opener(self._seals, receive, self._refused)
        return SealedSubscription(
            await self.layer.subscribe_hints(opener.hear, recovered), opener, self._seals
        )


class SealedSubscription:
    """Hears each group under its name by each key."""

    def __init__(self, inner: Subscription, opener: "_Opener", seals: Sequence[Seal]) -> None:
        self._inner = inner
        self._opener = opener
        self._seals = seals

    async def join(self, groups: Iterable[str]) -> None:
        names = {seal.name(group): (seal, group) for group in groups for seal in self._seals}
        self._opener.known |= names
        await self._inner.join(names)

    async def leave(self, groups: Iterable[str]) -> None:
        names = [seal.name(group) for group in groups for seal in self._seals]
        for name in names:
            self._opener.known.pop(name, None)
        await self._inner.leave(names)

    async def close(self) -> None:
        await self._inner.close()


class _Opener:
    """Between the layer and who listens: lets through what this site has sealed, once."""

    def __init__(self, seals: Sequence[Seal], receive: Receive, refused: set[str]) -> None:
        self.known: dict[str, tuple[Seal, str]] = {}
        self._ids = frozenset(seal.id for seal in seals)
        self._receive = receive
        self._refused = refused

    def hear(self, name: str, sealed: bytes) -> None:
        """Called by the layer; never raises."""
        known = self.known.get(name)
        if known is None:
            return  # left a moment ago
        seal, group = known
        content = seal.open(sealed, name)
        if content is None:
            self._refuse("sealed with another key")
            return
        # What has the right seal begins with a head.
        stamp, keys = _HEAD.unpack_from(content)
        if not -MAX_AGE_SECONDS < time.time() - stamp < MAX_AGE_SECONDS:
            self._refuse(f"more than {MAX_AGE_SECONDS} seconds old; do the machines' clocks agree?")
        elif keys == 1 or seal.id == self._first_known(content, keys):
            try:
                self._receive(group, content[_HEAD.size + keys * ID_BYTES :])
            except Exception:
                # One hint must not end the hearing of all others.
                logger.exception("A hint could not be dealt with")

    def _first_known(self, content: bytes, keys: int) -> bytes:
        """The sender's first key that is known here: of the copies under each, that one counts."""
        ids = (content[_HEAD.size + n * ID_BYTES :][:ID_BYTES] for n in range(keys))
        return next(key for key in ids if key in self._ids)

    def _refuse(self, reason: str) -> None:
        if reason not in self._refused:
            self._refused.add(reason)
            logger.warning("A hint was refused, and more will be without a word: %s", reason)
