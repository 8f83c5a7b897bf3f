"""Faults of the rows N1 to N8."""

import asyncio
from threading import Timer

from django.db.models import Q

from notifications import fanout, send, sql, stats
from notifications.hints import user_group
from notifications.hub import Hub, Socket
from notifications.hub.feeder import Feeder
from notifications.hub.presence import Presence

from .planting import fault

BATCH = 1_000
MAX_HELD = 10
HINT_DELAY_SECONDS = 0.08
PART = 50
PART_DELAY_SECONDS = 0.2


@fault("N1", "to many: more queries than to one")
def a_statement_for_every_thousand(plant):
    """The deliveries of a QuerySet are inserted in batches of 1,000."""
    insert = sql.insert_deliveries

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

    plant(sql, "insert_deliveries", insert_in_batches)


@fault("N2", "missing", "unexpected", "reach")
def an_audience_that_senders_share(plant):
    """The audience is kept in a variable that concurrent senders share."""
    resolve, deliver = send.resolve, send._deliver
    shared = {}

    def resolve_and_share(*args, **options):
        shared["audience"] = resolve(*args, **options)
        return shared["audience"]

    def deliver_to_shared(notification, audience, using):
        return deliver(notification, shared["audience"], using)

    plant(send, "resolve", resolve_and_share)
    plant(send, "_deliver", deliver_to_shared)


@fault("N3", "mock: many to few")
def groups_that_are_searched(plant):
    """To find a user's sockets, the hub goes through all users."""

    def search(self, group):
        return next((self.of(pk) for pk in self.pks() if user_group(pk) == group), ())

    plant(Presence, "in_group", search)


@fault("N4", "out of order")
def pages_newest_first(plant):
    """A page of the queue is sent newest first."""
    frames = Feeder._frames

    def reversed_frames(self, *args):
        return frames(self, *args)[::-1]

    plant(Feeder, "_frames", reversed_frames)


@fault("N5", "missing", "reach", "at 8×: delivered")
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


@fault("N7", "commit to client p99", "due to client p99")
def hints_that_wait_for_others(plant):
    """The hub waits 80 ms with every hint, for others to come."""
    hear = Hub.hear

    def hear_later(self, *hint):
        asyncio.get_running_loop().call_later(HINT_DELAY_SECONDS, hear, self, *hint)

    plant(Hub, "hear", hear_later)


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
