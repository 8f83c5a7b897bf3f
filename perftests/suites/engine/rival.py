"""The stock consumer of Channels on a stock layer, as a contender."""

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any

from notifications.tickets import make_ticket
from perftests.load.clients.client import Listener
from perftests.load.inside import rivals
from perftests.processes.waiting import POLL_SECONDS, settle

from ..kit.clients import Clients
from ..kit.contenders import Contender, Users, frame

QUIET_SECONDS = 0.5
"""What a stock layer has not delivered after such a silence, it has dropped."""

LEAVE_POLL_SECONDS = 0.1


class Rival(Contender):
    """The same users with the stock consumer on a stock layer, which may lose messages.

    They are on a server of their own: neither contender pays for the memory of the other.
    """

    def __init__(self, clients: Clients, layer: str, users: Users) -> None:
        super().__init__(clients)
        self.sent = 0
        self._layer = layer
        self._pks = [user.pk for user in users]
        url = f"{clients.server.websocket_url}/rival/{layer}/?ticket="
        self.sockets = clients.connect_all([Listener(url + make_ticket(user)) for user in users])

    @property
    def reach(self) -> float:
        """Percent of what was sent that has arrived."""
        return 100 * self.arrived / self.sent

    def broadcast(self) -> float:
        """One message to all users."""
        return self._send([(pk, content("Load")) for pk in self._pks])

    def send_to_each(self) -> float:
        """A message of the own for every user."""
        return self._send([(pk, content(f"Load {n}")) for n, pk in enumerate(self._pks)])

    def await_arrival(self, wanted: int) -> None:
        seen, quiet_since = self.arrived, time.monotonic()
        while seen < wanted and time.monotonic() - quiet_since < QUIET_SECONDS:
            time.sleep(POLL_SECONDS)
            if self.arrived > seen:
                seen, quiet_since = self.arrived, time.monotonic()

    def leave(self) -> None:
        """Disconnect, and wait until the server has taken all of them out of their groups.

        Raises `TimeoutError`.
        """
        self._clients.drop(self.sockets)
        limit = self._clients.timeout_seconds
        if left := settle(self._control.rival_live, limit, poll_seconds=LEAVE_POLL_SECONDS):
            raise TimeoutError(f"{left} of the rivals did not leave.")

    def _send(self, messages: Sequence[tuple[Any, dict[str, Any]]]) -> float:
        self.sent += len(messages)

        def send() -> None:
            if self._layer == "memory":  # which reaches its own process alone
                self._control.rival_send(self._layer, messages)
            else:
                asyncio.run(rivals.send(self._layer, messages))

        return self.cost(send, len(messages))


def content(title: str) -> dict[str, Any]:
    """The frame of a notification for a layer that takes plain data."""
    plain: dict[str, Any] = json.loads(frame(title))
    return plain
