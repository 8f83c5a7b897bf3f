"""Faults of the row N4."""

from notifications.hub.delivery.replay import Replay

from .planting import fault


@fault("N4", "out of order")
def pages_newest_first(plant):
    """A page of the queue is sent newest first."""
    frames = Replay._unsent

    def reversed_frames(self, *args):
        return frames(self, *args)[::-1]

    plant(Replay, "_unsent", reversed_frames)


@fault("N4", "missing", "reach", "still queued at the end")
def queues_of_a_page(plant):
    """A replay ends after its first page, and the sweep sends the rest seconds later."""
    send_page = Replay.send_page

    def send_first_page(self, socket, page, *args, **options):
        send_page(self, socket, page, *args, **options)
        if page and socket.cursor is not None:
            self._end(socket)

    plant(Replay, "send_page", send_first_page)


@fault("N4", "more meanwhile, missing", "more meanwhile, reach")
def what_came_meanwhile_forgotten(plant):
    """What came live during a replay is forgotten at its end; the sweep would send it."""
    end = Replay._end

    def end_and_forget(self, socket):
        end(self, socket)
        socket.held = {}

    plant(Replay, "_end", end_and_forget)
