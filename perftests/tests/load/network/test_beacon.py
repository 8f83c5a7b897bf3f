import asyncio
from itertools import pairwise

import uvloop
from django.test import SimpleTestCase, tag

from perftests.load.network.beacon import Beacon, BeaconListener
from perftests.load.network.shaping import UNSHAPED, LinkProfile

SECONDS = 30
SIZE = 5000


@tag("slow")
class BeaconTests(SimpleTestCase):
    def run_with_beacon(self, scenario):
        async def running():
            beacon = await Beacon(SIZE).open()
            try:
                await scenario(beacon)
            finally:
                await beacon.close()

        uvloop.run(asyncio.wait_for(running(), SECONDS))

    async def all_arrived(self, listeners, count):
        while any(len(listener.arrived_ns) < count for listener in listeners):
            await asyncio.sleep(0.01)

    def test_every_listener_gets_every_message_of_the_beacon(self):
        async def scenario(beacon):
            listeners = await beacon.listen(UNSHAPED, 3)
            await beacon.shine(5, per_second=100)
            await self.all_arrived(listeners, 5)
            self.assertEqual([len(listener.arrived_ns) for listener in listeners], [5, 5, 5])

        self.run_with_beacon(scenario)

    def test_messages_of_the_beacon_are_due_at_a_fixed_rate(self):
        async def scenario(beacon):
            await beacon.listen(UNSHAPED, 1)
            await beacon.shine(4, per_second=50)
            pauses = [b - a for a, b in pairwise(beacon.due_ns)]
            self.assertEqual(pauses, [20_000_000] * 3)

        self.run_with_beacon(scenario)

    def test_a_message_of_the_beacon_takes_the_time_of_its_link(self):
        async def scenario(beacon):
            near = await beacon.listen(UNSHAPED, 1)
            far = await beacon.listen(LinkProfile("far", round_trip_ms=400), 1)
            await beacon.shine(5, per_second=20)
            await self.all_arrived([*near, *far], 5)
            # The quickest: a busy machine may hold up any of them.
            taken_ns = [
                min(a - due for a, due in zip(ear.arrived_ns, beacon.due_ns, strict=True))
                for ear in (*near, *far)
            ]
            self.assertLess(taken_ns[0], 190e6)
            self.assertGreater(taken_ns[1], 190e6)  # 200, by the clock of the loop

        self.run_with_beacon(scenario)


class BeaconListenerTests(SimpleTestCase):
    def test_a_message_of_the_beacon_has_arrived_with_its_last_byte(self):
        listener = BeaconListener(10)
        listener.data_received(b"x" * 9)
        self.assertEqual(listener.arrived_ns, [])
        listener.data_received(b"x")
        self.assertEqual(len(listener.arrived_ns), 1)

    def test_messages_of_the_beacon_that_come_together_arrive_at_once(self):
        listener = BeaconListener(10)
        listener.data_received(b"x" * 25)
        self.assertEqual(len(listener.arrived_ns), 2)
        self.assertEqual(len(set(listener.arrived_ns)), 1)
