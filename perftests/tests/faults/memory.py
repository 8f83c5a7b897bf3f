"""Faults of the rows M1 to M6."""

from notifications.hub import Hub, Socket
from notifications.hub.admission import Admissions
from notifications.hub.delivery import requests
from notifications.models import Delivery, Notification

from .planting import fault

KEPT_BYTES = 100_000
KEPT_UNACKNOWLEDGED_BYTES = 200_000
KEPT_OF_AN_ACK = 200
KEPT_OF_A_CONNECT = 1_000


@fault("M1", "retained per notification")
def frames_of_all_that_was_sent(plant):
    """Every frame that is encoded stays in a cache without a limit."""
    frame = Notification.frame
    cached = []

    def frame_and_keep(self, **replaced):
        cached.append(frame(self, **replaced))
        return cached[-1]

    plant(Notification, "frame", frame_and_keep)


@fault("M2", "traced peak per queued notification")
def queues_loaded_whole(plant):
    """The whole queue of whoever connects is loaded, as objects, and kept until the next time."""
    prepare = Admissions._prepare
    loaded = {}

    def load_and_prepare(self, pks):
        loaded.update((pk, []) for pk in pks)
        queued = Delivery.objects.filter(recipient_id__in=pks).queued()
        for delivery in queued.select_related("notification"):
            loaded[delivery.recipient_id].append(delivery)
        return prepare(self, pks)

    plant(Admissions, "_prepare", load_and_prepare)


@fault("M3", "kept of each delivery")
def unread_kept_with_every_read_mark(plant):
    """With every read mark the user's unread notifications are loaded, and all lists are kept."""
    write = requests.write
    kept = []

    def write_and_keep(taken, around_locks):
        readers = [pk for kind, pk in taken if kind == "read"]
        kept.extend(Delivery.objects.filter(recipient_id__in=readers).unread())
        return write(taken, around_locks)

    plant(requests, "write", write_and_keep)


@fault("M4", "growth of the server", "kept of each delivery")
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


@fault("M6", "significant growth", "kept of each connect")
def memory_kept_of_idle_clients(plant):
    """Of every client that leaves without a notification, 100 kB are kept."""
    disconnect = Hub.disconnect
    kept = []

    async def disconnect_and_keep(self, socket):
        if not (socket.in_flight or socket.acked or socket.acked_before):
            kept.append(b"x" * KEPT_BYTES)
        await disconnect(self, socket)

    plant(Hub, "disconnect", disconnect_and_keep)


@fault("M6", "kept of each message")
def memory_kept_of_acks(plant):
    """Of every ack frame, 200 bytes are kept."""
    acknowledge = Socket.acknowledge
    kept = []

    def acknowledge_and_keep(self, ids):
        kept.append(bytes(KEPT_OF_AN_ACK))
        return acknowledge(self, ids)

    plant(Socket, "acknowledge", acknowledge_and_keep)


@fault("M6", "kept of each connect")
def memory_kept_of_connects(plant):
    """Of every connect, 1 kB is kept."""
    connect = Hub.connect
    kept = []

    async def connect_and_keep(self, *args):
        kept.append(bytes(KEPT_OF_A_CONNECT))
        return await connect(self, *args)

    plant(Hub, "connect", connect_and_keep)


@fault("M6", "kept of each refused client")
def memory_kept_of_refused_clients(plant):
    """Of every client that is refused, what it has shown is kept."""
    register = Admissions._register
    kept = []

    def register_and_keep(self, pending, answer):
        registered = register(self, pending, answer)
        if not registered:
            kept.append(pending)
        return registered

    plant(Admissions, "_register", register_and_keep)
