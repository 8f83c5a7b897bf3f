from channels.testing import WebsocketCommunicator
from django.test import SimpleTestCase

from perftests.load.inside import floor


class FloorTests(SimpleTestCase):
    async def test_the_floor_pushes_to_every_socket_until_it_goes(self):
        sockets = [WebsocketCommunicator(floor.floor, "/floor/") for _ in range(2)]
        for socket in sockets:
            await socket.connect()
        self.assertEqual(await floor.push("text"), 2)
        for socket in sockets:
            self.assertEqual(await socket.receive_from(), "text")
        await sockets[0].disconnect()
        self.assertEqual(await floor.push("text"), 1)
        await sockets[1].disconnect()
        self.assertEqual(await floor.push("text"), 0)

    async def test_the_floor_counts_what_it_receives_and_answers_nothing(self):
        before = floor.frames_received
        socket = WebsocketCommunicator(floor.floor, "/floor/")
        await socket.connect()
        await socket.send_to("text")
        self.assertTrue(await socket.receive_nothing())
        self.assertEqual(floor.frames_received, before + 1)
        await socket.disconnect()
