from unittest import mock

from django.test import tag

from notifications.background.counters import counters
from notifications.hub import get_hub
from notifications.models import Delivery
from notifications.send import anotify

from ..hubs import HubTestCase, User, quick, write_rows


@quick(SWEEP_SECONDS=0.2, SWEEP_GRACE_SECONDS=0)
class SweepTests(HubTestCase):
    @tag("slow")
    async def test_the_sweep_sends_notifications_whose_hints_were_lost(self):
        async with self.connected(self.ada) as client:
            ids = await write_rows([self.ada], 3)
            await client.until_arrived(ids)
            self.assertEqual(client.arrived, ids)

    @tag("slow")
    async def test_notifications_in_flight_or_acknowledged_are_not_sent_again(self):
        async with self.connected(self.ada) as client:
            [first] = await write_rows([self.ada], 1)
            await client.until_arrived([first])
            [second] = await write_rows([self.ada], 1)
            await client.until_arrived([second])
            client.ack([second])
            [third] = await write_rows([self.ada], 1)
            await client.until_arrived([third])
            self.assertEqual(client.arrived, [first, second, third])

    async def test_a_replayed_notification_that_waits_for_its_ack_makes_no_sweep_count_again(self):
        [number] = await write_rows([self.ada], 1)
        async with self.connected(self.ada) as client:
            await client.until_arrived([number])
            heard = get_hub()._gaps._heard
            await client.until(lambda: number in heard, "a look for what no hint has told of")
            with mock.patch.object(get_hub()._unread, "stale") as stale:
                [socket] = get_hub().sockets
                socket.on_stale = stale
                before = counters.sweeps, counters.sweeps_that_found, counters.found
                await client.until(lambda: counters.sweeps >= before[0] + 2, "two sweeps")
            stale.assert_not_called()
            self.assertEqual((counters.sweeps_that_found, counters.found), before[1:])

    @tag("slow")
    async def test_notifications_committed_in_the_opposite_order_of_their_ids_both_arrive(self):
        async with self.connected(self.ada) as client:
            first, second = await write_rows([], 2)
            await Delivery.objects.acreate(recipient=self.ada, notification_id=second)
            await client.until_arrived([second])
            client.ack()
            await Delivery.objects.acreate(recipient=self.ada, notification_id=first)
            await client.until_arrived([first])

    @quick(SWEEP_SECONDS=0.1, ACK_TIMEOUT_SECONDS=0.1)
    async def test_a_client_that_never_acks_is_closed(self):
        async with self.connected(self.ada) as client:
            await anotify([self.ada], "n")
            await client.until_closed(4408)

    @quick(SWEEP_SECONDS=0.1, HEARTBEAT_TIMEOUT_SECONDS=0.1)
    async def test_a_silent_client_is_closed_unless_it_asked_for_auto_ack(self):
        async with self.connected(self.bob, query="ack=auto") as plain:
            async with self.connected(self.ada) as client:
                await client.until_closed(4408)
            self.assertIsNone(plain.close_code)

    @tag("slow")
    async def test_the_sockets_of_a_user_deactivated_by_a_queryset_update_are_closed(self):
        async with self.connected(self.ada) as client, self.connected(self.bob) as other:
            await User.objects.filter(pk=self.ada.pk).aupdate(is_active=False)
            await client.until_closed(4403)
            self.assertIsNone(other.close_code)
