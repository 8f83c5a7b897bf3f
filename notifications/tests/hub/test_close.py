"""The end of a hub, when its last socket has left."""

import asyncio
import gc
import weakref
from unittest import mock

from django.test import override_settings, tag

from notifications.hub import get_hub
from notifications.layers import InProcessChannelLayer
from notifications.send import anotify

from ..clients import MemoryClient
from ..databases import holding
from ..hubs import HubTestCase, quick


class SlowToLeave(InProcessChannelLayer):
    """A layer that takes its time, as one over a network may."""

    async def subscribe_hints(self, receive, recovered):
        subscription = await super().subscribe_hints(receive, recovered)
        leave = subscription.leave

        async def leave_slowly(groups):
            await asyncio.sleep(0.02)  # so that two can leave at a time
            await leave(groups)

        subscription.leave = leave_slowly
        return subscription


@quick()
class HubCloseTests(HubTestCase):
    @override_settings(CHANNEL_LAYERS={"default": {"BACKEND": f"{__name__}.SlowToLeave"}})
    async def test_the_hub_is_closed_once_when_the_last_two_clients_leave_together(self):
        ada, bob = await MemoryClient(self.ada).connect(), await MemoryClient(self.bob).connect()
        await asyncio.gather(ada.disconnect(), bob.disconnect())

    async def test_a_client_that_comes_while_a_hub_closes_is_served_by_the_next_hub(self):
        first = await MemoryClient(self.ada).connect()
        hub = get_hub()
        for _ in range(5):
            notification = await anotify([self.ada], "n")
            await first.until_arrived([notification.pk])
            first.ack()
            await first.settle()
            leaving = asyncio.ensure_future(first.disconnect())
            await first.until(lambda: hub.retired, "the end")  # noqa: B023
            first = await MemoryClient(self.ada).connect()
            self.assertIsNot(get_hub(), hub)
            hub = get_hub()
            await leaving
        await first.disconnect()
        await self.until_queued(self.ada, [])

    async def test_a_hub_reads_no_queue_before_the_one_before_it_has_written_its_marks(self):
        acknowledged, seen = await anotify([self.ada], "a"), await anotify([self.ada], "b")
        first = await MemoryClient(self.ada).connect()
        await first.until_arrived([acknowledged.pk, seen.pk])
        first.ack([acknowledged.pk])
        first.send({"type": "seen", "ids": [seen.pk]})
        await first.settle()
        hub, written = get_hub(), asyncio.Event()
        close = hub._requests.close

        async def close_late():
            await written.wait()
            await close()

        with mock.patch.object(hub._requests, "close", close_late):
            leaving = asyncio.ensure_future(first.disconnect())
            await first.until(lambda: hub.retired, "the end")
            # One that comes and leaves without a hello hands on what it waits for.
            for _ in range(2):
                other = MemoryClient(self.bob)
                coming = asyncio.ensure_future(other.connect())
                await self.until_waiting_for_marks(coming)
                await other.cancel()
                await asyncio.wait({coming})
            second = MemoryClient(self.ada)
            coming = asyncio.ensure_future(second.connect())
            await self.until_waiting_for_marks(coming)
            written.set()
            await asyncio.gather(coming, leaving)
        await second.settle()
        self.assertEqual((second.arrived, second.frames[0]["unread"]), ([], 2))
        await second.disconnect()

    async def until_waiting_for_marks(self, client):
        def waits():
            return "acks" in get_hub()._admissions._step

        async with asyncio.timeout(5):
            while not waits():
                self.assertFalse(client.done(), "greeted already")
                await asyncio.sleep(0.01)

    async def leave_stale(self, client, user):
        """A reference to a socket that left while its count was stale."""
        hub = get_hub()
        [socket] = hub.sockets.of(user.pk)
        hub._unread.stale(socket)
        reference = weakref.ref(socket)
        del socket, hub
        await client.disconnect()
        return reference

    @tag("slow")
    async def test_nothing_of_the_last_socket_is_kept_in_memory(self):
        reference = await self.leave_stale(await MemoryClient(self.ada).connect(), self.ada)
        gc.collect()
        self.assertIsNone(reference())

    @tag("slow")
    async def test_nothing_of_a_socket_that_left_is_kept_in_memory_while_others_stay(self):
        async with self.connected(self.bob):
            reference = await self.leave_stale(await MemoryClient(self.ada).connect(), self.ada)
            gc.collect()
            self.assertIsNone(reference())

    def test_an_event_loop_that_has_ended_is_not_kept_with_its_hub(self):
        async def hub_of_its_own():
            return weakref.ref(asyncio.get_running_loop()), weakref.ref(get_hub())

        async def come_and_go():
            client = await MemoryClient(self.ada).connect()
            await client.disconnect()

        ended = [asyncio.run(hub_of_its_own()) for _ in range(3)]
        asyncio.run(come_and_go())
        gc.collect()
        self.assertEqual([reference() for pair in ended for reference in pair], [None] * 6)

    async def test_the_close_of_a_hub_goes_on_when_its_last_consumer_is_cancelled(self):
        client = await MemoryClient(self.ada).connect()
        hub = get_hub()
        notification = await anotify([self.ada], "n")
        await client.until_arrived([notification.pk])
        closed = asyncio.Event()
        close = hub._worker.close

        async def note_close():
            await close()
            closed.set()

        with mock.patch.object(hub._worker, "close", note_close):
            client.ack()
            await client.settle()
            client._inbox.put_nowait({"type": "websocket.disconnect", "code": 1001})
            await client.until(lambda: hub.retired, "the end")
            client._task.cancel()
            async with asyncio.timeout(10):
                await closed.wait()
        await self.until_queued(self.ada, [])

    async def test_marks_of_the_last_client_wait_for_another_who_writes(self):
        client = await MemoryClient(self.ada).connect()
        notification = await anotify([self.ada], "n")
        await client.until_arrived([notification.pk])
        marking, tries = get_hub()._requests._marking, []
        work = marking._work

        async def try_to_mark(taken):
            tries.append(taken)
            return await work(taken)

        with mock.patch.object(marking, "_work", try_to_mark):
            async with holding("UPDATE durable_notifications_delivery SET seen_at = seen_at"):
                client.send({"type": "read", "ids": [notification.pk]})
                await client.settle()
                leaving = asyncio.ensure_future(client.disconnect())
                await client.until(lambda: len(tries) > 3, "tries")
            await leaving
        delivery = await notification.deliveries.aget()
        self.assertIsNotNone(delivery.delivered_at)
        self.assertIsNotNone(delivery.read_at)

    async def test_a_part_of_the_hub_that_fails_to_close_keeps_no_other_from_closing(self):
        client = await MemoryClient(self.ada).connect()
        notification = await anotify([self.ada], "n")
        await client.until_arrived([notification.pk])
        client.ack()
        await client.settle()
        subscription = get_hub()._groups._subscription
        with (
            mock.patch.object(subscription, "close", side_effect=ConnectionError("gone")),
            self.assertLogs("notifications.hub.hub", "ERROR"),
        ):
            await client.disconnect()
        await self.until_queued(self.ada, [])
