"""Faults of the rows M1 to M6."""

from notifications.hub import Hub, marks
from notifications.hub.arrivals import Arrivals
from notifications.models import Delivery, Notification

from .planting import fault

KEPT_BYTES = 100_000
KEPT_UNACKNOWLEDGED_BYTES = 200_000


@fault("M1", "retained per notification")
def frames_of_all_that_was_sent(plant):
    """Every frame that is encoded stays in a cache without a limit."""
    frame = Notification.frame
    cached = []

    def frame_and_keep(self, **replaced):
        cached.append(frame(self, **replaced))
        return cached[-1]

    plant(Notification, "frame", frame_and_keep)


@fault("M2", "peak per queued notification")
def queues_loaded_whole(plant):
    """The whole queue of whoever connects is loaded, as objects, and kept until the next time."""
    welcome = Arrivals._welcome
    loaded = {}

    def load_and_welcome(self, pks):
        loaded.update((pk, []) for pk in pks)
        queued = Delivery.objects.filter(recipient_id__in=pks).queued()
        for delivery in queued.select_related("notification"):
            loaded[delivery.recipient_id].append(delivery)
        return welcome(self, pks)

    plant(Arrivals, "_welcome", load_and_welcome)


@fault("M3", "significant growth")
def unread_kept_with_every_read_mark(plant):
    """With every read mark the user's unread notifications are loaded, and all lists are kept."""
    write = marks._write
    kept = []

    def write_and_keep(taken):
        unread = Delivery.objects.filter(recipient_id__in=taken.get("read", ())).unread()
        kept.extend(unread)
        write(taken)

    plant(marks, "_write", write_and_keep)


@fault("M4", "growth of the server", "significant growth")
def memory_kept_for_acks_to_come(plant):
    """Of every client that leaves before it acknowledges, 200 kB are kept."""
    disconnect = Hub.disconnect
    kept = []

    async def disconnect_and_keep(self, socket):
        if socket.in_flight:
            kept.append(b"x" * KEPT_UNACKNOWLEDGED_BYTES)
        await disconnect(self, socket)

    plant(Hub, "disconnect", disconnect_and_keep)


@fault("M5", "recovered", "dropped objects alive")
def loaded_objects_kept(plant):
    """Every notification that is loaded stays in a registry of all objects."""
    from_db = Notification.from_db
    registry = []

    def from_db_and_keep(*args):
        registry.append(from_db(*args))
        return registry[-1]

    plant(Notification, "from_db", from_db_and_keep)


@fault("M6", "significant growth")
def memory_kept_of_idle_clients(plant):
    """Of every client that leaves without a notification, 100 kB are kept."""
    disconnect = Hub.disconnect
    kept = []

    async def disconnect_and_keep(self, socket):
        if not (socket.in_flight or socket.acked or socket.acked_before):
            kept.append(b"x" * KEPT_BYTES)
        await disconnect(self, socket)

    plant(Hub, "disconnect", disconnect_and_keep)
