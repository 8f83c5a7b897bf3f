"""Faults of the rows N1 to N9 but N4."""

import asyncio
import time
from itertools import count
from threading import Timer

from django.db.models import Q

from notifications import send
from notifications.hub import Socket
from notifications.hub.delivery.announcements import Announcements
from notifications.hub.delivery.push import Push
from notifications.hub.groups import Groups
from notifications.hub.sockets import Sockets
from notifications.models import Notification
from notifications.sending import fanout, writing
from notifications.store import stats
from notifications.wire import protocol
from notifications.wire.hints import user_group

from .planting import fault

BATCH = 1_000
MAX_HELD = 10
HINT_DELAY_SECONDS = 0.08
RARE_HINT_DELAY_SECONDS = 0.03
ACK_SECONDS = 0.02
PART = 50
PART_DELAY_SECONDS = 0.2


@fault("N1", "to many: more queries than to one")
def a_statement_for_every_thousand(plant):
    """The deliveries of a QuerySet are inserted in batches of 1,000."""
    insert = writing.insert_deliveries

    def insert_in_batches(connection, pk, audience, *, returning, **options):
        if returning:
            return insert(connection, pk, audience, returning=True, **options)
        chosen, params = audience
        total, added = 0, BATCH
        while added == BATCH:
            batch = (
                f"SELECT DISTINCT * FROM ({chosen}) AS a ORDER BY 1 LIMIT {BATCH} OFFSET {total}"
            )
            added = insert(connection, pk, (batch, params), returning=False, **options)
            total += added
        return total

    plant(writing, "insert_deliveries", insert_in_batches)


@fault("N2", "missing", "unexpected", "reach")
def an_audience_that_senders_share(plant):
    """The audience is kept in a variable that concurrent senders share."""
    resolve, write = send.resolve, send.write
    shared = {}

    def resolve_and_share(*args, **options):
        shared["audience"] = resolve(*args, **options)
        return shared["audience"]

    def write_for_shared(notification, audience, using):
        return write(notification, shared["audience"], using)

    plant(send, "resolve", resolve_and_share)
    plant(send, "write", write_for_shared)


@fault("N3", "mock: calls, many to few")
def groups_that_are_searched(plant):
    """To find a user's sockets, the hub goes through all users."""

    def search(self, group):
        return next((self.of(pk) for pk in self.pks() if user_group(pk) == group), ())

    plant(Sockets, "in_group", search)


@fault("N5", "missing", "out of order", "reach", "at 8×: delivered")
def held_back_and_forgotten(plant):
    """Of what a socket has no credit for, only ten notifications are remembered."""
    hold = Socket.hold

    def hold_few(self, notification_id):
        if len(self.held) < MAX_HELD:
            hold(self, notification_id)

    plant(Socket, "hold", hold_few)


@fault("N6", "counted")
def statistics_of_unread(plant):
    """The statistics leave out what has been read."""
    aggregate, unread = stats.Count, Q(read_at=None)
    plant(stats, "Count", lambda *args, **kw: aggregate(*args, **{"filter": unread} | kw))


@fault("N7", "commit to client p50", "due to client p50")
def pushes_that_wait_for_others(plant):
    """The hub waits 80 ms with every push, for others to come."""

    def later(push):
        def push_later(self, sockets, *what):
            loop = asyncio.get_running_loop()
            loop.call_later(HINT_DELAY_SECONDS, push, self, list(sockets), *what)

        return push_later

    for name in ("one", "several"):
        plant(Push, name, later(getattr(Push, name)))


@fault("N7", "overtaken by later ones")
def a_hint_in_a_hundred_late(plant):
    """One hint in a hundred is heard 30 ms late."""
    hear, heard = Groups.hear, count(1)

    def hear_late(self, *hint):
        if next(heard) % 100:
            hear(self, *hint)
        else:
            loop = asyncio.get_running_loop()
            loop.call_later(RARE_HINT_DELAY_SECONDS, hear, self, *hint)

    plant(Groups, "hear", hear_late)


@fault("N7", "overtaken by later ones")
def a_hint_in_a_hundred_lost(plant):
    """One hint in a hundred is not heard, so that its notification waits for the sweep."""
    hear, heard = Groups.hear, count(1)
    plant(Groups, "hear", lambda self, *hint: next(heard) % 100 and hear(self, *hint))


@fault("N7", "still queued at the end")
def an_ack_in_a_thousand_ignored(plant):
    """One acknowledged id in a thousand is not taken."""
    acknowledge, ids_seen = Socket.acknowledge, count(1)

    def acknowledge_most(self, ids):
        return acknowledge(self, [number for number in ids if next(ids_seen) % 1000])

    plant(Socket, "acknowledge", acknowledge_most)


@fault("N7", "sent twice")
def acks_for_all_in_flight(plant):
    """An ack lets the hub forget all in flight, and the sweep sends again what came after it."""
    acknowledge = Socket.acknowledge

    def acknowledge_and_forget(self, ids):
        taken = acknowledge(self, ids)
        self.in_flight.clear()
        return taken

    plant(Socket, "acknowledge", acknowledge_and_forget)


@fault("N7", "sent twice")
def a_push_in_a_thousand_doubled(plant):
    """One push in a thousand goes over the wire twice, and clients drop the second."""
    offer, offered = Socket.offer, count(1)

    def offer_and_repeat(self, notification_id, shared):
        pushed = offer(self, notification_id, shared)
        if not next(offered) % 1000:
            self.write(shared.text)
        return pushed

    plant(Socket, "offer", offer_and_repeat)


@fault("N7", "commit to client p50", "due to client p50")
def a_loop_that_waits_for_acks(plant):
    """Each ack frame holds up the event loop for 20 ms."""
    acknowledge = Socket.acknowledge

    def wait_and_acknowledge(self, ids):
        time.sleep(ACK_SECONDS)
        return acknowledge(self, ids)

    plant(Socket, "acknowledge", wait_and_acknowledge)


@fault("N7", "frames for a notification")
def a_count_with_every_push(plant):
    """The number of unread notifications goes along with every push, in a frame of its own."""
    offer = Socket.offer

    def offer_and_count(self, *push):
        pushed = offer(self, *push)
        if pushed:
            self.write(protocol.state(0, self.upto))
        return pushed

    plant(Socket, "offer", offer_and_count)


@fault("N7", "bytes for a notification")
def titles_twice_in_a_frame(plant):
    """A frame has its content a second time, as data for scripts."""
    content = Notification.content
    plant(
        Notification,
        "content",
        lambda self: content(self) | {"data": {"again": str(content(self))}},
    )


@fault("N3", "mock: calls for a message")
def hints_published_twice(plant):
    """Every hint is published a second time, in case the first is lost."""
    publish = fanout.publish
    plant(fanout, "publish", lambda batch: (publish(batch), publish(batch)))


@fault("N8", "last receiver")
def published_in_parts(plant):
    """Hints are published to 50 users at a time, with a pause of 200 ms between."""
    publish = fanout.publish

    def publish_parts(batch):
        for payload, groups in batch:
            publish([(payload, groups[:PART])])
            for number in range(1, -(-len(groups) // PART)):
                part = groups[number * PART : (number + 1) * PART]
                Timer(number * PART_DELAY_SECONDS, publish, [[(payload, part)]]).start()

    plant(fanout, "publish", publish_parts)


@fault("N9", "commit to client p50")
def writers_heard_of_late(plant):
    """What is found in the database is asked for 80 ms later, and so are announcements."""
    ask = Announcements._ask

    def ask_later(self, *announced):
        loop = asyncio.get_running_loop()
        loop.call_later(HINT_DELAY_SECONDS, ask, self, *announced)

    plant(Announcements, "_ask", ask_later)
