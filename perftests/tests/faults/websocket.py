"""Faults of the rows W1 to W8."""

import os
from weakref import WeakKeyDictionary

from notifications import offline
from notifications.consumers import NotificationConsumer
from notifications.hub import Hub, Socket
from notifications.hub.announcements import Announcements
from notifications.hub.marks import MarkBuffer
from notifications.hub.states import States
from notifications.protocol import CloseCode
from perftests.load.connection import ABNORMAL_CLOSURE

from .planting import fault

FEW_USERS = 2
MAX_QUEUES = 40


@fault("W1", "memory per connection")
def a_buffer_for_every_socket(plant):
    """Every socket has a buffer of its own, of 32 kB."""
    create = Socket.__init__
    buffers = WeakKeyDictionary()

    def create_with_buffer(self, *args, **options):
        create(self, *args, **options)
        # One of zeros would take no memory before it is written to.
        buffers[self] = bytearray(b"x" * 32_768)

    plant(Socket, "__init__", create_with_buffer)


@fault("W2", "read marks lost", "to the server")
def marks_that_replace_others(plant):
    """Of one user's read marks that wait to be written, only the last frame's are kept."""
    add = MarkBuffer.add

    def replace(self, kind, pk, ids):
        if kind == "read":
            self._waiting[kind].pop(pk, None)
        add(self, kind, pk, ids)

    plant(MarkBuffer, "add", replace)


@fault("W3", "tabs with a wrong unread count")
def one_tab_is_told(plant):
    """Only one of a user's tabs is told that something was read."""
    create = States.__init__

    class FirstTabs:
        def __init__(self, presence):
            self.of = lambda pk: presence.of(pk)[:1]

    def create_for_first_tabs(self, worker, presence):
        create(self, worker, FirstTabs(presence))

    plant(States, "__init__", create_for_first_tabs)


@fault("W4", "server, most file descriptors")
def a_file_for_every_socket(plant):
    """Every socket opens a file that nobody closes."""
    connect = Hub.connect

    async def connect_and_open(self, *args):
        os.open(os.devnull, os.O_WRONLY)
        return await connect(self, *args)

    plant(Hub, "connect", connect_and_open)


@fault("W5", "push ÷ bare")
def a_query_for_every_few_users(plant):
    """For an announcement, the hub also asks the database about two of its users at a time."""
    resolve = Announcements._resolve

    def resolve_few_by_few(self, announced, pks):
        for first in range(0, len(pks), FEW_USERS):
            offline.queued_among(announced, pks[first : first + FEW_USERS])
        return resolve(self, announced, pks)

    plant(Announcements, "_resolve", resolve_few_by_few)


@fault("W6", "300 clients, missing", "300 clients, reach")
def queues_left_out(plant):
    """Of those who connect at the same time, only 40 get their queues."""
    replay = offline.replay

    def replay_few(wanted, size):
        return replay(wanted[:MAX_QUEUES], size) + [[] for _ in wanted[MAX_QUEUES:]]

    plant(offline, "replay", replay_few)


@fault("W7", "live sockets after close")
def lost_readers_kept(plant):
    """The socket of a reader who loses the connection is never dropped."""
    serve = NotificationConsumer._serve
    kept, readers = [], set()

    async def serve_and_keep(self, hub, socket, receive):
        async def receive_and_look():
            message = await receive()
            if '"read"' in (message.get("text") or ""):
                readers.add(socket.pk)
            if socket.pk in readers and message.get("code") == ABNORMAL_CLOSURE:
                kept.append(socket)
            return message

        await serve(self, hub, socket, receive_and_look)

    plant(NotificationConsumer, "_serve", serve_and_keep)


@fault("W8", "closed with code 4408")
def silent_clients_are_called_back(plant):
    """Silent clients are closed with the code of a restart, at which they come back at once."""
    close = Socket.close

    def close_for_restart(self, code):
        close(self, CloseCode.RESTART if code == CloseCode.UNRESPONSIVE else code)

    plant(Socket, "close", close_for_restart)
