"""Our class of protocol beside uvicorn's own, at the two ends of a real socket, without a port."""

import asyncio
import contextlib
import gc
import socket
import weakref

from django.test import SimpleTestCase
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.config import Config
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from notifications.uvicorn import CHUNK_BYTES, PreparedFramesProtocol, SmallQueue, prepare
from notifications.wire.extensions import SharedText, listen_in, writer_in

LIMIT_SECONDS = 10
MAX_BYTES = 4_000


class Application:
    """Accepts, and keeps what the server gave it; what the client sends, and when it has left."""

    def __init__(self, hear=None):
        self.hear = hear
        self.began, self.left, self.received = asyncio.Event(), asyncio.Event(), []
        self.deaf = isinstance(self, Deaf)

    async def __call__(self, scope, receive, send):
        self.send, self.writer, self.listen = send, writer_in(scope), listen_in(scope)
        await receive()
        self.taken_early = self.writer and taken(self, "early")
        if scope["path"] == "/refused/":
            await send({"type": "websocket.close"})
            return
        await send({"type": "websocket.accept"})
        if self.hear is not None:
            self.listen(self.hear)
        self.began.set()
        while (message := await receive())["type"] != "websocket.disconnect":
            self.received.append(message.get("text"))
        self.code = message["code"]
        self.left.set()

    async def send_text(self, text):
        await self.send({"type": "websocket.send", "text": text})


class Deaf(Application):
    """Receives nothing."""

    async def __call__(self, scope, receive, send):
        never = asyncio.Event()
        messages = iter([await receive()])

        async def receive_once():
            return next(messages, None) or await never.wait()

        await super().__call__(scope, receive_once, send)


@contextlib.asynccontextmanager
async def served(protocol=PreparedFramesProtocol, *, path="/", application=None, **options):
    """The application and the client of one connection to a server with this class of protocol."""
    compression = options.pop("compression", None)
    application, (ours, theirs) = application or Application(), socket.socketpair()
    config = Config(
        application,
        ws_max_size=MAX_BYTES,
        ws_per_message_deflate=compression is not None,
        log_level="critical",
        lifespan="off",
        **options,
    )
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_accepted_socket(
        lambda: protocol(config, state, {}), sock=ours
    )
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            async with connect(
                f"ws://test{path}", sock=theirs, compression=compression, ping_interval=None
            ) as client:
                await application.began.wait()
                yield application, client
    finally:
        transport.abort()
        if application.deaf:
            [task.cancel() for task in state.tasks]
        if state.tasks:
            await asyncio.wait(state.tasks)


def taken(application, text):
    return SharedText(text).write_to(application.writer)


async def until(condition):
    async with asyncio.timeout(LIMIT_SECONDS):
        while not condition():
            await asyncio.sleep(0)


def client_frame(text):
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=True)


async def stuff(application):
    """Write until the server takes no more; the texts that it took."""
    texts = []
    while taken(application, text := f"{len(texts)} {'x' * 3_000}"):
        texts.append(text)
        await asyncio.sleep(0)
    return texts


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
