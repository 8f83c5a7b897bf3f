"""Faults of the row D1."""

from django.contrib.auth import get_user_model
from django.db.models import Model

from notifications import send
from notifications.hub.admission import Admissions
from notifications.hub.delivery import acks, frames
from notifications.hub.delivery.incoming import Incoming
from notifications.hub.delivery.unread import UnreadCounts
from notifications.models import Delivery
from notifications.store import pruning
from notifications.store.counting import count
from notifications.store.own import listing

from .planting import fault


@fault("D1", "prune, 10 rows", "prune, 200 rows")
def pruned_one_by_one(plant):
    """The deliveries of old notifications are deleted by a statement for each notification."""
    of_deliveries, old_ones = pruning._deliveries, pruning._old

    def one_by_one(days):
        _, orphaned = of_deliveries(days)
        old = list(old_ones(days))
        return [*(Delivery.objects.filter(notification=n) for n in old), orphaned]

    plant(pruning, "_deliveries", one_by_one)


@fault("D1", "notify one user, 10 rows", "served: a push to one")
def one_user_looked_up(plant):
    """A single recipient is looked up before the audience is."""
    resolve = send.resolve

    def look_and_resolve(recipients, **options):
        few = [recipients] if isinstance(recipients, Model) else recipients
        if isinstance(few, list) and len(few) == 1:
            get_user_model().objects.filter(pk=getattr(few[0], "pk", few[0])).exists()
        return resolve(recipients, **options)

    plant(send, "resolve", look_and_resolve)


@fault("D1", "served: a newcomer with a queue")
def a_query_for_each_text(plant):
    """The hub reads the text of each notification by a query of its own."""
    read = frames.read_frames

    def read_one_by_one(ids, left_out):
        return {pk: frame for one in ids for pk, frame in read([one], left_out).items()}

    plant(frames, "read_frames", read_one_by_one)


@fault("D1", "served: several tabs, one after the other")
def tabs_counted_by_themselves(plant):
    """For whoever has another tab open, what is queued and unread is counted once more."""
    prepare = Admissions._prepare

    def prepare_and_count(self, pks):
        hellos = prepare(self, pks)
        for pk in pks:
            if len(self._sockets.of(pk)) > 1:
                count([pk])
        return hellos

    plant(Admissions, "_prepare", prepare_and_count)


@fault("D1", "served: read frame of one of several tabs")
def a_count_for_each_tab(plant):
    """What is unread is counted for each of a user's tabs."""
    work = UnreadCounts._work

    async def work_for_each(self, taken):
        for pk in taken:
            for _ in self._sockets.of(pk)[1:]:
                await self._worker.run(count, [pk])
        await work(self, taken)

    plant(UnreadCounts, "_work", work_for_each)


@fault(
    "D1",
    "read a page of the list, 10 rows",
    "read a page of the list, 200 rows",
    "read the newest and the counts, 10 rows",
    "read the newest and the counts, 200 rows",
)
def a_query_for_each_entry(plant):
    """A list reads the content of each of its notifications by a query of its own."""
    read = listing.read_contents

    def read_one_by_one(ids):
        return {pk: content for one in ids for pk, content in read([one]).items()}

    plant(listing, "read_contents", read_one_by_one)


@fault("D1", "served: ack frame")
def a_count_after_each_ack(plant):
    """What is left of a queue is counted whenever an ack is written."""
    mark = acks.mark

    def mark_and_count(kind, marked, *options):
        done = mark(kind, marked, *options)
        count(marked)
        return done

    plant(acks, "mark", mark_and_count)


@fault("D1", "served: a long queue, acknowledged one by one")
def a_page_for_each_ack(plant):
    """Each ack of one id lets the next page of the queue be read, whatever the credit is."""
    acknowledged = Incoming.acknowledged

    def acknowledge_and_read(self, socket, ids):
        taken = acknowledged(self, socket, ids)
        if taken:
            self._replay.resume(socket)
        return taken

    plant(Incoming, "acknowledged", acknowledge_and_read)
