"""Frames that are made once, for all connections of a server."""

import asyncio
import gc
import weakref

from django.test import SimpleTestCase
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

from notifications.wire.extensions import SharedText

from .uvicorn_pairs import LIMIT_SECONDS, served, stuff, taken


class PreparedFramesTests(SimpleTestCase):
    async def test_a_prepared_frame_arrives_as_the_text_that_it_was_made_of(self):
        for text in ("", "ring", "ö" * 70, "€" * 30_000, "x" * 65_536):
            async with served() as (application, client):
                self.assertTrue(taken(application, text))
                self.assertEqual(await client.recv(), text)

    async def test_one_frame_is_good_for_every_connection(self):
        shared = SharedText("to all")
        async with served() as (first, ada), served() as (second, bob):
            self.assertTrue(shared.write_to(first.writer))
            self.assertTrue(shared.write_to(second.writer))
            self.assertEqual([await ada.recv(), await bob.recv()], ["to all", "to all"])

    @given(st.lists(st.tuples(st.booleans(), st.text(max_size=300)), max_size=20))
    def test_prepared_frames_and_texts_that_are_sent_arrive_in_one_order(self, messages):
        async def arrived():
            async with served() as (application, client):
                for prepared, text in messages:
                    if prepared:
                        self.assertTrue(taken(application, text))
                    else:
                        await application.send_text(text)
                return [await client.recv() for _ in messages]

        self.assertEqual(asyncio.run(arrived()), [text for _, text in messages])

    async def test_a_client_that_does_not_read_is_waited_for_as_ever(self):
        async with served() as (application, client):
            client.transport.pause_reading()
            async with asyncio.timeout(LIMIT_SECONDS):
                texts = await stuff(application)
            waiting = asyncio.ensure_future(application.send_text("the last"))
            await asyncio.sleep(0)
            self.assertFalse(waiting.done())
            self.assertFalse(taken(application, "overtakes"))
            client.transport.resume_reading()
            self.assertEqual([await client.recv() for _ in texts], texts)
            self.assertEqual(await client.recv(), "the last")
            await waiting
            self.assertTrue(taken(application, "free again"))
            self.assertEqual(await client.recv(), "free again")

    async def test_nothing_is_taken_before_the_accept(self):
        async with served() as (application, client):
            self.assertIs(application.taken_early, False)
            await application.send_text("first")
            self.assertEqual(await client.recv(), "first")

    async def test_nothing_is_taken_behind_a_close(self):
        async with served() as (application, client):
            await application.send({"type": "websocket.close", "code": 4403})
            self.assertFalse(taken(application, "late"))
            with self.assertRaises(ConnectionClosed) as closed:
                await client.recv()
            self.assertEqual(closed.exception.rcvd.code, 4403)

    async def test_nothing_is_taken_for_a_client_that_has_left(self):
        for leave in (lambda client: client.close(4000), lambda client: client.transport.abort()):
            async with served() as (application, client):
                if (leaving := leave(client)) is not None:
                    await leaving
                await application.left.wait()
                self.assertFalse(taken(application, "late"))

    async def test_nothing_is_taken_once_the_server_shuts_down(self):
        async with served() as (application, client):
            application.send.__self__.shutdown()
            self.assertFalse(taken(application, "late"))
            with self.assertRaises(ConnectionClosed) as closed:
                await client.recv()
            self.assertEqual(closed.exception.rcvd.code, 1012)

    async def test_a_connection_that_is_over_leaves_memory_without_a_collection(self):
        gc.disable()
        self.addCleanup(gc.enable)
        async with served() as (application, client):
            gone = weakref.ref(application.send.__self__)
            self.assertTrue(taken(application, "n"))
            await client.recv()
            await client.close()
            await application.left.wait()
        application.__dict__.clear()
        await asyncio.sleep(0)
        self.assertIsNone(gone())

    async def test_a_connection_that_compresses_is_not_offered_prepared_frames(self):
        async with served(compression="deflate") as (application, client):
            self.assertIsNone(application.writer)
            await application.send_text("by send")
            self.assertEqual(await client.recv(), "by send")
