"""What clients and threads do while the memory of the server is watched."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from django.contrib.auth.models import User
from django.db import connections

from perftests.load.clients.client import NotificationClient
from perftests.load.clients.swarm import Swarm
from perftests.load.server.control import Control

from ..kit.rows import read_inbox

THREADS_OF_EACH_KIND = 4


def create_and_read(control: Control, users: Sequence[User], sends: int) -> list[int]:
    """Let threads send to all users, inside the server, while others read their inboxes.

    Returns the ids of what was sent.
    """
    pks = [user.pk for user in users]
    with ThreadPoolExecutor(2 * THREADS_OF_EACH_KIND) as pool:
        creators = [
            pool.submit(control.notify, pks, count=sends) for _ in range(THREADS_OF_EACH_KIND)
        ]
        readers = [
            pool.submit(read_inboxes, pks[first::THREADS_OF_EACH_KIND])
            for first in range(THREADS_OF_EACH_KIND)
        ]
        for reader in readers:
            reader.result()
        return [id_ for creator in creators for id_ in creator.result().ids]


def read_newest(swarm: Swarm, clients: Sequence[NotificationClient]) -> None:
    """Let every client mark as read what arrived last."""
    for client in clients:
        swarm.call(client.send, {"type": "read", "ids": client.arrived_ids[-1:]})


def read_inboxes(pks: Sequence[int]) -> None:
    """The newest page of each inbox, over a connection of this thread."""
    try:
        for pk in pks:
            read_inbox(pk)
    finally:
        connections.close_all()
