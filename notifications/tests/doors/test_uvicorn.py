"""Our class of protocol keeps what uvicorn's own does."""

import asyncio
import contextlib

from django.test import SimpleTestCase
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import ConnectionClosed, InvalidStatus

from notifications.uvicorn import PreparedFramesProtocol, prepare

from .uvicorn_pairs import LIMIT_SECONDS, MAX_BYTES, served, taken


class EitherClass:
    """What the other end of a connection sees, whichever of the two classes serves it."""

    def served(self, **options):
        return served(self.protocol, **options)

    async def test_pings_of_the_client_are_answered(self):
        async with self.served() as (_, client):
            async with asyncio.timeout(LIMIT_SECONDS):
                await (await client.ping())

    async def test_a_client_that_answers_no_ping_is_closed(self):
        async with self.served(ws_ping_interval=0.01, ws_ping_timeout=0.05) as (
            application,
            client,
        ):
            client.transport.pause_reading()
            await application.left.wait()
            with self.assertRaises(ClientDisconnected):
                await application.send_text("late")

    async def test_a_frame_of_the_client_that_is_too_long_closes_it(self):
        async with self.served() as (application, client):
            await client.send("x" * (MAX_BYTES + 1))
            with self.assertRaises(ConnectionClosed) as closed:
                await client.recv()
            self.assertEqual(closed.exception.rcvd.code, 1009)
            await application.left.wait()
            self.assertEqual(application.received, [])

    async def test_a_frame_of_the_client_without_a_mask_closes_it(self):
        async with self.served() as (_, client):
            client.transport.write(prepare("as a server sends it"))
            with self.assertRaises(ConnectionClosed) as closed:
                await client.recv()
            self.assertEqual(closed.exception.rcvd.code, 1002)

    async def test_frames_of_a_client_arrive_in_order_up_to_its_close(self):
        texts = [str(number) for number in range(50)] + ["x" * MAX_BYTES]
        async with self.served() as (application, client):
            for text in texts:
                await client.send(text)
            await client.close(4000, "done")
            await application.left.wait()
            self.assertEqual(application.received, texts)
            self.assertEqual(application.code, 4000)
            self.assertEqual((client.close_code, client.close_reason), (4000, "done"))

    async def test_a_send_to_a_client_that_has_left_raises(self):
        async with self.served() as (application, client):
            await client.close()
            await application.left.wait()
            with self.assertRaises(ClientDisconnected):
                await application.send_text("late")

    async def test_a_client_that_the_application_refuses_is_told_so(self):
        with self.assertRaises(InvalidStatus) as refused:
            async with self.served(path="/refused/"):
                pass
        self.assertEqual(refused.exception.response.status_code, 403)


class UvicornItselfTests(EitherClass, SimpleTestCase):
    protocol = WebSocketsSansIOProtocol

    async def test_uvicorn_itself_offers_no_prepared_frames(self):
        async with self.served() as (application, _):
            self.assertIsNone(application.writer)


class WithPreparedFramesTests(EitherClass, SimpleTestCase):
    protocol = PreparedFramesProtocol

    @contextlib.asynccontextmanager
    async def served(self, **options):
        """With one on its way already."""
        async with served(self.protocol, **options) as (application, client):
            self.assertTrue(taken(application, "prepared"))
            self.assertEqual(await client.recv(), "prepared")
            yield application, client
