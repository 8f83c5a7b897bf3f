"""Faults of the rows W1 to W8."""

import asyncio
import os
from dataclasses import replace
from itertools import count
from threading import Event, Thread
from weakref import WeakKeyDictionary

from notifications.conf import get_settings
from notifications.consumers import NotificationConsumer
from notifications.hub import Hub, Socket, admission, sweep
from notifications.hub.admission import Admissions
from notifications.hub.delivery.announcements import Announcements
from notifications.hub.delivery.requests import Requests
from notifications.hub.delivery.unread import UnreadCounts
from notifications.store import queue
from notifications.store.counting import Counts
from notifications.store.recipients import recipients_among
from notifications.wire.protocol import CloseCode
from perftests.load.clients.connection import ABNORMAL_CLOSURE

from .planting import fault

FEW_USERS = 2
HELLO_DELAY_SECONDS = 0.3
SWEEP_SECONDS = 0.05
MAX_QUEUES = 60  # as many as come at the same time in row W7, which it is not aimed at


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


@fault("W1", "tabs with a wrong unread count")
def hellos_that_count_one_more(plant):
    """Of those who connect at the same time, all but the first are told one unread too many."""
    prepare = Admissions._prepare

    def count_one_more(self, pks):
        hellos = prepare(self, pks)
        for pk in pks[1:]:
            counts = hellos.counts.get(pk, Counts())
            hellos.counts[pk] = replace(counts, unread=counts.unread + 1)
        return hellos

    plant(Admissions, "_prepare", count_one_more)


@fault("W1", "statements while idle")
def a_sweep_without_a_pause(plant):
    """The hub looks for what was missed twenty times a second."""
    plant(sweep, "get_settings", lambda: replace(get_settings(), SWEEP_SECONDS=SWEEP_SECONDS))


@fault("W1", "alone, connect")
def a_pause_before_the_hello(plant):
    """Whoever connects waits 300 ms for others to come."""
    admit = Admissions.admit

    async def admit_later(self, *args):
        await asyncio.sleep(HELLO_DELAY_SECONDS)
        return await admit(self, *args)

    plant(Admissions, "admit", admit_later)


@fault("W2", "full speed, out of order")
def a_push_that_is_overtaken(plant):
    """One push in a thousand is sent behind the next of the same socket."""
    offer, offered = Socket.offer, count(1)
    waiting = WeakKeyDictionary()

    def offer_late(self, *push):
        if not next(offered) % 1000:
            waiting[self] = push
            return True
        pushed = offer(self, *push)
        if overtaken := waiting.pop(self, None):
            offer(self, *overtaken)
        return pushed

    plant(Socket, "offer", offer_late)


@fault("W2", "read marks lost", "to the server")
def marks_that_replace_others(plant):
    """Of one user's read marks that wait to be written, only the last frame's are kept."""
    mark = Requests.mark

    def replace(self, kind, pk, ids, *trace):
        if kind == "read":
            self._marking.waiting.pop((kind, pk), None)
        mark(self, kind, pk, ids, *trace)

    plant(Requests, "mark", replace)


@fault("W3", "tabs with a wrong unread count")
def one_tab_is_told(plant):
    """Only one of a user's tabs is told that something was read."""
    create = UnreadCounts.__init__

    class FirstTabs:
        def __init__(self, sockets):
            self.of = lambda pk: sockets.of(pk)[:1]

    def create_for_first_tabs(self, worker, sockets):
        create(self, worker, FirstTabs(sockets))

    plant(UnreadCounts, "__init__", create_for_first_tabs)


@fault("W4", "server, most file descriptors")
def a_file_for_every_socket(plant):
    """Every socket opens a file that nobody closes."""
    connect = Hub.connect

    async def connect_and_open(self, *args):
        os.open(os.devnull, os.O_WRONLY)
        return await connect(self, *args)

    plant(Hub, "connect", connect_and_open)


@fault("W5", "queries per broadcast")
def a_query_for_every_few_users(plant):
    """For an announcement, the hub also asks the database about two of its users at a time."""
    resolve = Announcements._resolve

    def resolve_few_by_few(self, announced, pks):
        for first in range(0, len(pks), FEW_USERS):
            recipients_among(announced, pks[first : first + FEW_USERS])
        return resolve(self, announced, pks)

    plant(Announcements, "_resolve", resolve_few_by_few)


@fault("W6", "300 clients, queries for each batch")
def newcomers_looked_up_one_by_one(plant):
    """Each newcomer is looked up among the users by a query of its own."""
    authenticate = admission.authenticate
    plant(admission, "authenticate", lambda shown: [authenticate([one])[0] for one in shown])


@fault("W6", "300 clients, missing", "300 clients, reach")
def queues_left_out(plant):
    """Of those who connect at the same time, only 60 get their queues."""
    replay = queue.replay

    def replay_few(wanted, size):
        return replay(wanted[:MAX_QUEUES], size) + [[] for _ in wanted[MAX_QUEUES:]]

    plant(queue, "replay", replay_few)


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


@fault("W7", "more threads after close")
def a_thread_for_every_socket(plant):
    """Every socket has a thread of its own, which nobody ends."""
    connect = Hub.connect

    async def connect_with_thread(self, *args):
        Thread(target=Event().wait, daemon=True).start()
        return await connect(self, *args)

    plant(Hub, "connect", connect_with_thread)


@fault("W8", "closed with code 4408")
def silent_clients_are_called_back(plant):
    """Silent clients are closed with the code of a restart, at which they come back at once."""
    close = Socket.close

    def close_for_restart(self, code):
        close(self, CloseCode.RESTART if code == CloseCode.UNRESPONSIVE else code)

    plant(Socket, "close", close_for_restart)
