import contextlib
import json

from django.contrib.auth import get_user_model

from notifications.hub import get_hub
from notifications.send import anotify
from notifications.wire.extensions import PREPARED

from ...clients import MemoryClient
from ...hubs import HubTestCase, quick, write_rows

User = get_user_model()


class PreparingClient(MemoryClient):
    """On a server that takes prepared frames while `takes` says so; `None` makes it raise."""

    prepared = []

    def __init__(self, user):
        self.takes, self.by_send, self.written = True, [], []
        offered = {"prepare": self.prepare, "write": self.write}
        super().__init__(user, scope={"extensions": {PREPARED: offered}})

    @classmethod
    def prepare(cls, text):
        cls.prepared.append(text)
        return text.encode()

    def write(self, frame):
        if self.takes is None:
            raise OSError("of this connection alone")
        if self.takes:
            self.written.append(frame)
            self.frames.append(json.loads(frame))
            self._news.set()
        return self.takes

    async def _send(self, message):
        if message["type"] == "websocket.send":
            self.by_send.append(message["text"])
        await super()._send(message)


@contextlib.asynccontextmanager
async def served(user):
    client = await PreparingClient(user).connect()
    try:
        yield client
    finally:
        client.reading.set()
        await client.disconnect()


@quick(WINDOW=4)
class PreparedFramesTests(HubTestCase):
    async def test_a_notification_for_many_is_made_a_frame_once(self):
        async with served(self.ada) as ada, served(self.bob) as bob:
            PreparingClient.prepared.clear()
            sent = await anotify(User.objects.all(), "for both")
            for client in (ada, bob):
                await client.until_arrived([sent.pk])
                self.assertEqual(client.by_send, [])
            self.assertIs(ada.written[-1], bob.written[-1])
            self.assertEqual(len(PreparingClient.prepared), 1)

    async def test_every_kind_of_frame_is_written_in_order(self):
        [waiting] = await write_rows([self.ada], 1)
        async with served(self.ada) as client:
            await client.until_arrived([waiting])
            live = await anotify([self.ada], "live")
            await client.until_arrived([live.pk])
            await client.settle()
            self.assertEqual(client.arrived, [waiting, live.pk])
            self.assertEqual(client.frames[0]["type"], "hello")
            self.assertEqual(client.frames[-1]["type"], "pong")
            self.assertEqual(client.by_send, [])

    async def test_a_frame_that_is_not_taken_goes_by_send_and_nothing_overtakes_it(self):
        async with served(self.ada) as client:
            client.takes = False
            client.reading.clear()
            ids = [(await anotify([self.ada], "n")).pk for _ in range(2)]
            [socket] = get_hub().sockets.of(self.ada.pk)
            await client.until(lambda: socket.busy and socket.held, "a frame that waits")
            client.takes = True
            ids.append((await anotify([self.ada], "n")).pk)
            client.send({"type": "ping"})
            client.reading.set()
            await client.until_arrived(ids)
            await client.settle()
            self.assertEqual(client.arrived, ids)
            self.assertEqual([json.loads(text)["id"] for text in client.by_send], ids[:1])

    async def test_credit_holds_back_what_could_be_written(self):
        async with served(self.ada) as client:
            ids = [(await anotify([self.ada], "n")).pk for _ in range(6)]
            await client.settle()
            self.assertEqual(client.arrived, ids[:4])
            client.ack()
            await client.until_arrived(ids)

    async def test_a_connection_whose_frames_cannot_be_written_is_closed_alone(self):
        async with served(self.ada) as broken, served(self.bob) as bob:
            broken.takes = None
            sent = await anotify(User.objects.all(), "for both")
            await broken.until_closed(4503)
            await bob.until_arrived([sent.pk])
            self.assertEqual(await self.queued(self.ada), [sent.pk])
