"""What clients and threads do while the memory of the server is watched."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from django.contrib.auth.models import User
from django.db import connections

from notifications.models import Delivery
from notifications.tickets import make_ticket
from perftests.load.client import NotificationClient
from perftests.load.connection import Connection
from perftests.measure.resources import rss_bytes

from .support import LoadTestCase

THREADS_OF_EACH_KIND = 4
INBOX_PAGE = 50


class MemoryTestCase(LoadTestCase):
    """A server whose clients come and go, read and write."""

    def server_rss(self) -> int:
        """Resident memory of the server after a garbage collection."""
        self.control.collect()
        return rss_bytes(self.server.pid)

    def leave(self, clients: Sequence[Connection]) -> None:
        """Close sockets; the server may see it a moment later."""

        async def leaving() -> None:
            await asyncio.gather(*(client.close() for client in clients))

        self.swarm.run(leaving())

    def come_back(self, clients: Sequence[NotificationClient], users: Sequence[User]) -> None:
        """Connect the same clients again, with new tickets."""
        for client, user in zip(clients, users, strict=True):
            client.ticket = make_ticket(user)
        back = self.swarm.connect_clients(clients)
        self.assertEqual(len(back), len(clients), f"not back: {dict(self.swarm.failures)}")

    def create_and_read(self, users: Sequence[User], sends: int) -> list[int]:
        """Let threads send to all users, inside the server, while others read their inboxes."""
        pks = [user.pk for user in users]
        with ThreadPoolExecutor(2 * THREADS_OF_EACH_KIND) as pool:
            creators = [
                pool.submit(self.control.notify, pks, count=sends)
                for _ in range(THREADS_OF_EACH_KIND)
            ]
            readers = [
                pool.submit(read_inboxes, pks[first::THREADS_OF_EACH_KIND])
                for first in range(THREADS_OF_EACH_KIND)
            ]
            for reader in readers:
                reader.result()
            return [id_ for creator in creators for id_ in creator.result().ids]

    def read_newest(self, clients: Sequence[NotificationClient]) -> None:
        """Let every client mark as read what arrived last."""
        for client in clients:
            self.swarm.call(client.send, {"type": "read", "ids": client.arrived_ids[-1:]})


def read_inboxes(pks: Sequence[int]) -> None:
    """The newest page of each inbox, over a connection of this thread."""
    try:
        for pk in pks:
            inbox = Delivery.objects.filter(recipient_id=pk).inbox()
            list(inbox.select_related("notification")[:INBOX_PAGE])
    finally:
        connections.close_all()
