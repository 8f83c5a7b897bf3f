"""An application that hears what a client sends, rather than receive it."""

import asyncio
import contextlib
from unittest import mock

from django.test import SimpleTestCase
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

from notifications.uvicorn import CHUNK_BYTES, SmallQueue

from .uvicorn_pairs import Application, Deaf, client_frame, served, until


class ListeningTests(SimpleTestCase):
    """What a client sends, where the application listens instead of receiving."""

    @contextlib.asynccontextmanager
    async def heard(self):
        heard = []
        async with served(application=Application(heard.append)) as (application, client):
            yield heard, application, client

    @given(st.lists(st.one_of(st.text(max_size=200), st.binary(max_size=200)), max_size=20))
    def test_whatever_a_client_sends_is_heard_in_order(self, messages):
        async def heard_of():
            async with self.heard() as (heard, application, client):
                for message in messages:
                    await client.send(message)
                await client.close(4000)
                await application.left.wait()
                self.assertEqual((application.received, application.code), ([], 4000))
                return heard

        texts = [None if isinstance(message, bytes) else message for message in messages]
        self.assertEqual(asyncio.run(heard_of()), texts)

    async def test_messages_that_came_before_are_heard_first(self):
        async with served(application=Deaf()) as (application, client):
            for text in "abc":
                await client.send(text)
            await client.ping()
            protocol = application.send.__self__
            await until(lambda: protocol.queue.qsize() > 0)
            heard = []
            application.listen(heard.append)
            await client.send("d")
            await until(lambda: len(heard) == 4)
            self.assertEqual(heard, list("abcd"))

    async def test_a_client_that_left_before_the_application_listens_is_heard_to_its_end(self):
        async with served(application=Deaf()) as (application, client):
            await client.send("last words")
            protocol, heard = application.send.__self__, []
            await until(lambda: protocol.queue.qsize() > 0)
            await client.send("behind")
            closing = asyncio.ensure_future(client.close(4000))
            application.listen(heard.append)
            await until(lambda: not protocol.queue.empty())
            message = await protocol.receive()
            self.assertEqual((heard, message["code"]), (["last words", "behind"], 4000))
            await closing

    async def test_a_reader_that_gave_up_misses_nothing(self):
        queue = SmallQueue()
        with self.assertRaises(TimeoutError):
            async with asyncio.timeout(0):
                await queue.get()
        queue.put_nowait("a")
        queue.put_nowait("b")
        self.assertEqual([await queue.get(), await queue.get()], ["a", "b"])
        self.assertTrue(queue.empty())
        reading = asyncio.ensure_future(queue.get())
        await asyncio.sleep(0)
        queue.put_nowait("c")
        self.assertEqual(await reading, "c")

    async def test_a_message_in_parts_is_heard_as_one(self):
        async with self.heard() as (heard, _, client):
            await client.send(iter(["one ", "and ", "the same"]))
            await until(lambda: heard)
            self.assertEqual(heard, ["one and the same"])

    async def test_a_text_that_is_none_closes_the_connection(self):
        async with self.heard() as (heard, _, client):
            await client.send(b"\xff", text=True)
            with self.assertRaises(ConnectionClosed) as closed:
                await client.recv()
            self.assertEqual((closed.exception.rcvd.code, heard), (1007, []))

    async def test_nothing_is_heard_behind_a_close(self):
        async with self.heard() as (heard, application, client):
            await application.send({"type": "websocket.close", "code": 4403})
            with contextlib.suppress(ConnectionClosed):
                await client.send("late")
            await client.wait_closed()
            self.assertEqual(heard, [])

    async def test_an_application_that_fails_loses_the_connection_and_nothing_else(self):
        def fail(text):
            raise ValueError(text)

        failing = served(application=Application(fail))
        async with failing as (application, client), self.heard() as (heard, _, other):
            with self.assertLogs("uvicorn.error", "ERROR"):
                await client.send("n")
                await client.wait_closed()
            self.assertEqual(client.close_code, 1006)
            await application.left.wait()
            await other.send("well")
            await until(lambda: heard)

    async def test_a_client_that_floods_lets_others_have_their_turn(self):
        async with self.heard() as (heard, application, client):
            protocol = application.send.__self__
            message = client_frame("x")
            protocol.data_received(message * (CHUNK_BYTES // len(message) + 1))
            self.assertTrue(protocol.read_paused)
            before = len(heard)
            await client.send("read on")
            await until(lambda: len(heard) > before)
            self.assertEqual(heard[-1], "read on")

    @mock.patch("notifications.uvicorn.CHUNK_BYTES", 1_000)
    async def test_a_client_that_sends_one_long_message_lets_others_have_their_turn(self):
        async with self.heard() as (heard, application, _):
            protocol = application.send.__self__
            protocol.data_received(client_frame("x" * 900))
            self.assertFalse(protocol.read_paused)
            protocol.data_received(client_frame("x" * 1_000))
            self.assertTrue(protocol.read_paused)
            self.assertEqual([len(text) for text in heard], [900, 1_000])
