"""The one subscription of this process to the layer: a group for each user who is connected."""

import asyncio
import logging
from collections.abc import Callable, Sequence

import msgspec

from ..background.trouble import Trouble
from ..layers import Subscription, get_hints_layer
from ..wire import hints, protocol
from .delivery.announcements import Announcements
from .delivery.edits import Edits
from .delivery.heard import HeardHints
from .delivery.push import Push
from .delivery.unread import UnreadCounts
from .revocation import Revocation
from .sockets import Socket, Sockets

logger = logging.getLogger(__name__)


class Groups:
    """Joins and leaves groups, and hands on what is heard in them.

    `recovered` is called when hints may have been lost.
    """

    def __init__(
        self,
        sockets: Sockets,
        push: Push,
        announcements: Announcements,
        heard: HeardHints,
        unread: UnreadCounts,
        edits: Edits,
        revocation: Revocation,
        recovered: Callable[[], None],
    ) -> None:
        self._sockets = sockets
        self._push = push
        self._announcements = announcements
        self._heard = heard
        self._unread = unread
        self._edits = edits
        self._revocation = revocation
        self._recovered = recovered
        self._subscription: Subscription | None = None
        self._subscribing = asyncio.Lock()
        self._trouble = Trouble("Subscribing to the channel layer", log=logger)

    async def join(self, groups: set[str]) -> None:
        """Never raises: clients are greeted whatever the layer says, as the rows are there."""
        try:
            async with self._subscribing:
                if self._subscription is None:
                    layer = get_hints_layer()
                    self._subscription = await layer.subscribe_hints(self.hear, self._recovered)
                    groups = self._sockets.groups() | {hints.HUBS}
            await self._subscription.join(groups)
        except Exception as error:
            self._trouble.failed(error)
        else:
            self._trouble.over()

    async def leave(self, group: str) -> None:
        """Never raises."""
        if self._subscription is None:
            return
        try:
            await self._subscription.leave({group})
            # Somebody may have come back while the layer was asked.
            if self._sockets.in_group(group):
                await self._subscription.join({group})
        except Exception:
            logger.exception("The channel layer does not let go of a group")

    async def close(self) -> None:
        """End the subscription."""
        if self._subscription is not None:
            await self._subscription.close()

    def hear(self, group: str, payload: bytes) -> None:
        """A hint from the layer; never raises."""
        try:
            hint = hints.decode(payload)
        except msgspec.DecodeError as error:
            # By a process of another version: the sweep finds what it was about.
            logger.error("A hint was not understood: %s", error)
            return
        if isinstance(hint, hints.Announced | hints.Notified) and not protocol.fits(hint.text):
            return  # what cannot be sent is said where it is read from the database
        if isinstance(hint, hints.Announced):
            self._announcements.add(hint.id, hint.text)
        elif isinstance(hint, hints.Edited):
            self._edits.add(hint.id)
        elif sockets := self._sockets.in_group(group):  # else the user left a moment ago
            self._hear_for(sockets, hint)

    def _hear_for(
        self, sockets: Sequence[Socket], hint: hints.Notified | hints.Changed | hints.SignedOut
    ) -> None:
        """What is about one user."""
        if isinstance(hint, hints.Notified):
            if hint.id in self._edits:
                self._announcements.add(hint.id, hint.text)  # which asks the rows for their words
                return
            if hint.shared:
                self._heard.add_for(sockets[0].pk, hint.id)
            else:
                self._heard.add(hint.id)
            self._push.one(sockets, hint.id, hint.text)
        elif isinstance(hint, hints.Changed):
            self._unread.add(sockets[0].pk, hint)
        else:
            self._revocation.sign_out(sockets[0].pk, hint.session)
