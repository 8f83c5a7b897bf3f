import asyncio
import contextlib

from django.test import SimpleTestCase

from perftests.load.network import Link
from perftests.load.system import HOST

SECONDS = 5


class LinkTests(SimpleTestCase):
    """Through the link to a server that sends everything back."""

    async def echo(self, reader, writer):
        """A server that sends back what it gets until it is told to quit."""
        with contextlib.suppress(ConnectionResetError), contextlib.closing(writer):
            while (data := await reader.read(1000)) not in (b"", b"quit"):
                writer.write(data)
        self.gone.set()

    def run_with_link(self, scenario):
        async def running():
            self.gone = asyncio.Event()
            server = await asyncio.start_server(self.echo, HOST, 0)
            link = await Link(server.sockets[0].getsockname()[1]).open()
            reader, writer = await asyncio.open_connection(HOST, link.port)
            try:
                await scenario(link, reader, writer)
            finally:
                writer.close()
                await link.close()
                await self.gone.wait()
                server.close()

        asyncio.run(asyncio.wait_for(running(), SECONDS))

    def test_it_passes_data_both_ways_and_the_end_of_a_connection(self):
        async def scenario(link, reader, writer):
            writer.write(b"hello")
            self.assertEqual(await reader.readexactly(5), b"hello")
            writer.write(b"quit")
            self.assertEqual(await reader.read(), b"")

        self.run_with_link(scenario)

    def test_frozen_it_holds_everything_back_and_thawed_it_loses_nothing(self):
        async def scenario(link, reader, writer):
            writer.write(b"before")
            await reader.readexactly(6)
            link.freeze()
            writer.write(b"during")
            with self.assertRaises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await reader.read(1)
            link.thaw()
            self.assertEqual(await reader.readexactly(6), b"during")

        self.run_with_link(scenario)

    def test_the_end_of_a_connection_is_held_back_as_well(self):
        async def scenario(link, reader, writer):
            writer.write(b"before")
            await reader.readexactly(6)
            link.freeze()
            writer.close()
            with self.assertRaises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await self.gone.wait()
            link.thaw()
            await self.gone.wait()

        self.run_with_link(scenario)

    def test_closing_cuts_every_connection(self):
        async def scenario(link, reader, writer):
            writer.write(b"before")
            await reader.readexactly(6)
            await link.close()
            self.assertEqual(await reader.read(), b"")
            with self.assertRaises(ConnectionRefusedError):
                await asyncio.open_connection(HOST, link.port)

        self.run_with_link(scenario)

    def test_a_server_that_is_gone_ends_the_connection_of_the_client(self):
        async def scenario():
            server = await asyncio.start_server(self.echo, HOST, 0)
            port = server.sockets[0].getsockname()[1]
            server.close()
            link = await Link(port).open()
            reader, writer = await asyncio.open_connection(HOST, link.port)
            self.assertEqual(await reader.read(), b"")
            writer.close()
            await link.close()

        asyncio.run(asyncio.wait_for(scenario(), SECONDS))
