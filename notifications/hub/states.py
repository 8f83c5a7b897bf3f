"""What one tab changed, told to the user's other tabs, with a count that each hub makes itself."""

from typing import Any

from .. import offline, protocol
from ..hints import Changed
from ..offline import Counts
from .coalesce import Coalescer
from .database import DatabaseWorker
from .presence import Presence


class States:
    """Changes that come while a count runs share the next one."""

    def __init__(self, worker: DatabaseWorker, presence: Presence) -> None:
        self._worker = worker
        self._presence = presence
        self._waiting: dict[Any, dict[str, list[int]]] = {}
        self._reload: set[Any] = set()
        self._coalescer = Coalescer(self._work)
        self.stop = self._coalescer.stop

    def add(self, pk: Any, hint: Changed) -> None:
        """No ids means: too many to name, load the list again."""
        changes = self._waiting.setdefault(pk, {})
        if hint.ids:
            changes.setdefault(hint.change, []).extend(hint.ids)
        else:
            self._reload.add(pk)
        self._coalescer.wake()

    async def _work(self) -> None:
        taken, self._waiting = self._waiting, {}
        reload, self._reload = self._reload, set()
        counts = await self._worker.run(offline.counts, list(taken))
        for pk, changes in taken.items():
            text = protocol.state(counts.get(pk, Counts()).unread, changes)
            for socket in self._presence.of(pk):
                socket.write(text)
                if pk in reload:
                    socket.write(protocol.RESYNC)
