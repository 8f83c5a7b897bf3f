import asyncio
import contextlib
import time

import uvloop
from django.test import SimpleTestCase, tag

from perftests.load.network.link import BUFFER_BYTES, Link
from perftests.load.network.shaping import UNSHAPED, LinkProfile
from perftests.processes.system import HOST

SECONDS = 30
QUIET_SECONDS = 0.1
TICKS_SECONDS = 0.02
"""The clock of the loop ticks once a millisecond: what a few of its times may be off by."""

KERNEL_BYTES = 16 * 1024**2
"""More than the kernel keeps of one connection, on both sides together."""


@tag("slow")
class LinkTests(SimpleTestCase):
    """Through the link to a server that sends everything back, on the loop of the swarm."""

    async def echo(self, reader, writer):
        """A server that sends back what it gets until it is told to quit."""
        self.came.set()
        try:
            with contextlib.closing(writer):
                while (data := await reader.read(100_000)) not in (b"", b"quit"):
                    writer.write(data)
        except ConnectionResetError:
            self.was_reset = True
        finally:
            self.gone.set()

    def run_with_link(self, scenario, profile=UNSHAPED):
        async def running():
            self.came, self.gone, self.was_reset = asyncio.Event(), asyncio.Event(), False
            server = await asyncio.start_server(self.echo, HOST, 0)
            link = await Link(server.sockets[0].getsockname()[1], profile).open()
            reader, writer = await asyncio.open_connection(HOST, link.port)
            try:
                await scenario(link, reader, writer)
            finally:
                writer.close()
                await link.close()
                if self.came.is_set():
                    await self.gone.wait()
                server.close()

        uvloop.run(asyncio.wait_for(running(), SECONDS))

    async def assert_nothing_comes(self, waiting):
        with self.assertRaises(TimeoutError):
            async with asyncio.timeout(QUIET_SECONDS):
                await waiting

    def test_an_abandoned_connection_hangs_for_good_while_a_new_one_passes_data(self):
        async def scenario(link, reader, writer):
            writer.write(b"hello")
            self.assertEqual(await reader.readexactly(5), b"hello")
            link.abandon()
            writer.write(b"anybody?")
            await self.assert_nothing_comes(reader.read(1))
            other_reader, other = await asyncio.open_connection(HOST, link.port)
            other.write(b"new")
            self.assertEqual(await other_reader.readexactly(3), b"new")
            other.close()
            await other_reader.read()
            link.bury()
            await self.gone.wait()

        self.run_with_link(scenario)

    def test_a_link_passes_data_both_ways_and_the_end_of_a_connection(self):
        async def scenario(link, reader, writer):
            writer.write(b"hello")
            self.assertEqual(await reader.readexactly(5), b"hello")
            writer.write(b"quit")
            self.assertEqual(await reader.read(), b"")

        self.run_with_link(scenario)

    def test_a_frozen_link_holds_data_back_and_loses_nothing_when_it_is_thawed(self):
        async def scenario(link, reader, writer):
            writer.write(b"before")
            await reader.readexactly(6)
            link.freeze()
            writer.write(b"during")
            await self.assert_nothing_comes(reader.read(1))
            link.thaw()
            self.assertEqual(await reader.readexactly(6), b"during")

        self.run_with_link(scenario)

    def test_a_frozen_link_holds_back_the_end_of_a_connection(self):
        async def scenario(link, reader, writer):
            writer.write(b"before")
            await reader.readexactly(6)
            link.freeze()
            writer.close()
            await self.assert_nothing_comes(self.gone.wait())
            link.thaw()
            await self.gone.wait()

        self.run_with_link(scenario)

    def test_a_new_connection_over_a_frozen_link_waits_until_it_is_thawed(self):
        async def scenario(link, reader, writer):
            writer.write(b"hello")
            await self.assert_nothing_comes(self.came.wait())
            link.thaw()
            self.assertEqual(await reader.readexactly(5), b"hello")

        self.run_with_link(self.frozen_from_the_start(scenario))

    def frozen_from_the_start(self, scenario):
        async def freezing(link, reader, writer):
            link.freeze()
            await scenario(link, reader, writer)

        return freezing

    def test_a_frozen_link_does_not_take_in_what_a_sender_has_to_keep(self):
        async def scenario(link, reader, writer):
            writer.write(b"before")
            await reader.readexactly(6)
            link.freeze()
            writer.write(bytes(KERNEL_BYTES))
            await self.assert_nothing_comes(writer.drain())
            link.thaw()
            self.assertEqual(len(await reader.readexactly(KERNEL_BYTES)), KERNEL_BYTES)

        self.run_with_link(scenario)

    def test_a_cut_link_resets_both_sides_and_loses_what_was_on_its_way(self):
        async def scenario(link, reader, writer):
            writer.write(b"before")
            await reader.readexactly(6)
            writer.write(b"during")
            await asyncio.sleep(0.01)  # less than the link takes
            self.assertEqual(link.cut(), 1)
            with self.assertRaises(ConnectionResetError):
                await reader.read()
            await self.gone.wait()
            self.assertTrue(self.was_reset)
            self.assertEqual(link.cut(), 0)

        self.run_with_link(scenario, LinkProfile("far", round_trip_ms=200))

    def test_clients_can_come_back_over_a_link_that_was_cut(self):
        async def scenario(link, reader, writer):
            link.cut()
            reader, writer = await asyncio.open_connection(HOST, link.port)
            writer.write(b"again")
            self.assertEqual(await reader.readexactly(5), b"again")
            writer.close()

        self.run_with_link(scenario)

    def test_a_link_takes_the_time_of_its_profile(self):
        async def scenario(link, reader, writer):
            begun = time.monotonic()
            writer.write(b"connects first")
            await reader.readexactly(14)
            connected = time.monotonic()
            self.assertGreater(connected - begun, 0.2 - TICKS_SECONDS)
            for _ in range(5):
                writer.write(b"echo")
                await reader.readexactly(4)
            self.assertGreater(time.monotonic() - connected, 5 * 0.1 - TICKS_SECONDS)
            self.assertLess(time.monotonic() - connected, 5 * 0.1 + 1)

        self.run_with_link(scenario, LinkProfile("far", round_trip_ms=100))

    def test_a_link_is_as_narrow_as_its_profile_and_loses_nothing(self):
        size = 3 * BUFFER_BYTES
        sent = bytes(n % 251 for n in range(size))

        async def scenario(link, reader, writer):
            writer.write(b"before")
            await reader.readexactly(6)
            begun = time.monotonic()
            writer.write(sent)
            self.assertEqual(await reader.readexactly(size), sent)
            self.assertGreaterEqual(time.monotonic() - begun, size * 8 / 4e6)

        profile = LinkProfile("narrow", jitter_ms=5, up_kbit=4000, loss_percent=0.5)
        self.run_with_link(scenario, profile)

    def test_closing_a_link_cuts_every_connection(self):
        async def scenario(link, reader, writer):
            writer.write(b"before")
            await reader.readexactly(6)
            await link.close()
            with self.assertRaises(ConnectionResetError):
                await reader.read()
            with self.assertRaises(ConnectionRefusedError):
                await asyncio.open_connection(HOST, link.port)

        self.run_with_link(scenario)

    def test_a_link_to_a_server_that_is_gone_ends_the_connection_of_the_client(self):
        async def scenario():
            server = await asyncio.start_server(self.echo, HOST, 0)
            port = server.sockets[0].getsockname()[1]
            server.close()
            link = await Link(port).open()
            reader, writer = await asyncio.open_connection(HOST, link.port)
            with self.assertRaises(ConnectionResetError):
                await reader.read()
            writer.close()
            await link.close()

        uvloop.run(asyncio.wait_for(scenario(), SECONDS))
