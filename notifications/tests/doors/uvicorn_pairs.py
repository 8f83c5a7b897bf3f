"""An application and a client at the two ends of a real socket, without a port."""

import asyncio
import contextlib
import socket

from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.asyncio.client import connect
from websockets.frames import Frame, Opcode

from notifications.uvicorn import PreparedFramesProtocol
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
