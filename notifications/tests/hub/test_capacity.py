import asyncio
import contextlib

from django.test import tag

from notifications.hub import get_hub

from ..clients import MemoryClient
from ..hubs import HubTestCase, quick


@tag("slow")
@quick(MAX_SOCKETS_PER_USER=20)
class SocketLimitTests(HubTestCase):
    @contextlib.asynccontextmanager
    async def tabs(self, number, **options):
        async with contextlib.AsyncExitStack() as stack:
            yield [
                await stack.enter_async_context(self.connected(self.ada, **options))
                for _ in range(number)
            ]

    def age(self, client, seconds):
        """As if nothing had been heard of it for so long."""
        (socket,) = [s for s in get_hub().sockets.of(self.ada.pk) if s._send == client._send]
        socket.last_heard -= seconds

    def codes(self, clients):
        return [client.close_code for client in clients]

    async def test_a_user_whose_tabs_have_vanished_is_greeted_at_once(self):
        async with self.tabs(20) as vanished, self.tabs(20) as back:
            self.assertEqual({client.frames[0]["type"] for client in back}, {"hello"})
            self.assertEqual(self.codes(back), [None] * 20)
            self.assertEqual(self.codes(vanished), [4429] * 20)
            self.assertEqual(len(get_hub().sockets.of(self.ada.pk)), 20)

    async def test_of_21_live_tabs_the_one_that_was_silent_longest_makes_room(self):
        async with self.tabs(20) as tabs:
            for position, tab in enumerate(tabs):
                self.age(tab, 5 + (position + 7) % 20)
            async with self.connected(self.ada) as newest:
                self.assertEqual(newest.frames[0]["type"], "hello")
                expected = [None] * 20
                expected[12] = 4429
                self.assertEqual(self.codes(tabs), expected)
                for tab in [*tabs[:12], *tabs[13:], newest]:
                    await tab.settle()
                    self.assertIsNone(tab.close_code)

    async def test_a_socket_that_makes_room_is_not_counted_while_it_does_not_answer(self):
        async with self.tabs(21) as tabs, self.connected(self.ada) as newest:
            self.assertEqual(self.codes([*tabs, newest]), [4429] * 2 + [None] * 20)

    async def test_sockets_of_other_users_make_no_room(self):
        async with self.tabs(20) as tabs, self.connected(self.bob) as other:
            self.assertEqual(self.codes([*tabs, other]), [None] * 21)

    async def test_an_auto_ack_client_that_is_silent_makes_room_after_vanished_tabs(self):
        async with self.connected(self.ada, query="ack=auto") as plain, self.tabs(19) as tabs:
            self.age(plain, 86_400)
            self.age(tabs[3], 31)
            async with self.connected(self.ada):
                self.assertEqual((plain.close_code, tabs[3].close_code), (None, 4429))

    async def test_an_auto_ack_client_makes_room_before_tabs_that_were_heard_just_now(self):
        async with self.connected(self.ada, query="ack=auto") as plain, self.tabs(19) as tabs:
            self.age(plain, 86_400)
            async with self.connected(self.ada):
                self.assertEqual((plain.close_code, self.codes(tabs)), (4429, [None] * 19))

    async def test_auto_ack_clients_that_have_vanished_block_nobody(self):
        async with self.tabs(20, query="ack=auto") as plain, self.connected(self.ada) as newest:
            self.assertIsNone(newest.close_code)
            self.assertEqual(self.codes(plain), [4429] + [None] * 19)

    async def test_clients_that_come_together_are_greeted_up_to_the_limit(self):
        clients = [MemoryClient(self.ada) for _ in range(45)]
        await asyncio.gather(*(client.connect() for client in clients))
        codes = self.codes(clients)
        self.assertEqual((codes.count(4429), codes.count(None)), (25, 20))
        await asyncio.gather(*(client.disconnect() for client in clients))
        self.assertEqual(get_hub().sockets.of(self.ada.pk), ())
