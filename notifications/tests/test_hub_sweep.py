from notifications.models import Delivery
from notifications.send import anotify

from .hub import HubTestCase, User, quick, write_rows


@quick(SWEEP_SECONDS=0.2, SWEEP_GRACE_SECONDS=0)
class SweepTests(HubTestCase):
    async def test_a_lost_hint_is_repaired(self):
        async with self.connected(self.ada) as client:
            ids = await write_rows([self.ada], 3)
            await client.until_arrived(ids)
            self.assertEqual(client.arrived, ids)

    async def test_what_is_in_flight_or_acknowledged_is_not_sent_again(self):
        async with self.connected(self.ada) as client:
            [first] = await write_rows([self.ada], 1)
            await client.until_arrived([first])
            [second] = await write_rows([self.ada], 1)
            await client.until_arrived([second])
            client.ack([second])
            [third] = await write_rows([self.ada], 1)
            await client.until_arrived([third])
            self.assertEqual(client.arrived, [first, second, third])

    async def test_transactions_that_commit_in_the_opposite_order_of_their_ids_both_arrive(self):
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
    async def test_a_client_that_is_silent_is_closed_unless_it_is_a_plain_one(self):
        async with self.connected(self.bob, query="ack=auto") as plain:
            async with self.connected(self.ada) as client:
                await client.until_closed(4408)
            self.assertIsNone(plain.close_code)

    async def test_a_user_deactivated_by_a_set_based_update_is_closed(self):
        async with self.connected(self.ada) as client, self.connected(self.bob) as other:
            await User.objects.filter(pk=self.ada.pk).aupdate(is_active=False)
            await client.until_closed(4403)
            self.assertIsNone(other.close_code)
