"""Faults of the rows C1 to C3."""

import asyncio

from notifications.hub import Hub, Socket
from notifications.store import marking, queue
from notifications.wire.protocol import CloseCode

from .planting import fault

SEGMENT_CHARACTERS = 1448
DELAYED_ACK_SECONDS = 0.08


@fault("C1", "3G, added at p50", "lossy Wi-Fi, added at p50", "transatlantic, added at p50")
def long_frames_wait(plant):
    """A frame longer than a TCP segment waits 80 ms, as with Nagle's algorithm."""
    offer = Socket.offer

    def offer_late(self, notification_id, text):
        if len(text) <= SEGMENT_CHARACTERS:
            return offer(self, notification_id, text)
        loop = asyncio.get_running_loop()
        loop.call_later(DELAYED_ACK_SECONDS, offer, self, notification_id, text)
        return False

    plant(Socket, "offer", offer_late)


@fault("C2", "still queued at the end")
def acks_of_repetitions_ignored(plant):
    """An ack does not count for what an earlier connection had in flight when it broke."""
    disconnect, acknowledge = Hub.disconnect, Socket.acknowledge
    repeated = set()

    async def disconnect_and_remember(self, socket):
        if not socket.closed:
            repeated.update((socket.pk, number) for number in socket.in_flight)
        await disconnect(self, socket)

    def acknowledge_the_first(self, ids):
        return [n for n in acknowledge(self, ids) if (self.pk, n) not in repeated]

    plant(Hub, "disconnect", disconnect_and_remember)
    plant(Socket, "acknowledge", acknowledge_the_first)


@fault("C3", "missing", "reach")
def silent_users_lose_their_queue(plant):
    """Whoever was closed for silence gets nothing of what was queued meanwhile."""
    close, replay = Socket.close, queue.replay
    silent = set()

    def close_and_remember(self, code):
        if code == CloseCode.UNRESPONSIVE:
            silent.add(self.pk)
        close(self, code)

    def replay_to_others(wanted, size):
        pages = replay(wanted, size)
        lost = {pk: page for (pk, _), page in zip(wanted, pages, strict=True) if pk in silent}
        if any(lost.values()):
            marking.mark("delivered", {pk: set(page) for pk, page in lost.items() if page})
        return [[] if pk in lost else page for (pk, _), page in zip(wanted, pages, strict=True)]

    plant(Socket, "close", close_and_remember)
    plant(queue, "replay", replay_to_others)
