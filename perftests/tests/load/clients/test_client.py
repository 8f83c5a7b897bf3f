import asyncio
import gc
import re
import time

from django.test import SimpleTestCase, tag
from picows import WSCloseCode, WSListener, WSMsgType, ws_create_server
from websockets.utils import accept_key

from notifications.wire import protocol
from perftests.load.clients.client import ConnectFailed, NotificationClient
from perftests.load.clients.swarm import Swarm

HELLO = protocol.hello(unread=3, upto=3, queued=0, dropped=0, window=8, retry=(1, 5))
LIMIT_SECONDS = 30


def notification(pk):
    return protocol.notification({"id": pk, "title": "A title", "data": {"id": -1, "items": [7]}})


async def closing_port():
    """Of a server whose first words are those of the handshake, with a close right behind."""

    async def close(reader, writer):
        request = await reader.readuntil(b"\r\n\r\n")
        key = re.search(rb"(?i)sec-websocket-key: *(\S+)", request)[1].decode()
        lines = [
            "HTTP/1.1 101 Switching Protocols",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Accept: {accept_key(key)}",
        ]
        frame = b"\x88\x02" + protocol.CloseCode.RESTART.to_bytes(2, "big")
        writer.write("\r\n".join([*lines, "", ""]).encode() + frame)

    server = await asyncio.start_server(close, "127.0.0.1", 0)
    return server.sockets[0].getsockname()[1]


class Script(WSListener):
    """The server's end of one connection, which says what the test makes it say."""

    def __init__(self, request, first_frames):
        super().__init__()
        self.path = request.path.decode()
        self.headers = request.headers
        self.first_frames = first_frames
        self.texts = []
        self.transport = None

    def on_ws_connected(self, transport):
        self.transport = transport
        for frame in self.first_frames:
            self.say(frame)

    def on_ws_frame(self, transport, frame):
        if frame.msg_type == WSMsgType.TEXT:
            self.texts.append(frame.get_payload_as_utf8_text())
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()

    def say(self, text):
        self.transport.send(WSMsgType.TEXT, text.encode())

    @property
    def received(self):
        return [protocol.decode(text, 100_000) for text in self.texts]

    @property
    def acknowledged(self):
        return [frame.ids for frame in self.received if isinstance(frame, protocol.Ack)]


@tag("slow")
class NotificationClientTests(SimpleTestCase):
    def setUp(self):
        self.swarm = Swarm("")
        self.addCleanup(self.swarm.close)
        self.scripts = []
        self.first_frames = [HELLO]
        server = self.swarm.run(ws_create_server(self.accept, "127.0.0.1", 0))
        self.addCleanup(self.swarm.call, server.close)
        port = server.sockets[0].getsockname()[1]
        self.url = f"ws://127.0.0.1:{port}"

    def accept(self, request):
        self.scripts.append(Script(request, self.first_frames))
        return self.scripts[-1]

    def connect(self, ticket="", **options):
        client = NotificationClient(self.url, ticket, **options)
        self.addCleanup(lambda: self.swarm.run(client.close()))
        self.swarm.run(client.connect(timeout_seconds=LIMIT_SECONDS))
        return client

    def say(self, *texts):
        for text in texts:
            self.swarm.call(self.scripts[-1].say, text)

    def wait_until(self, condition, what="the condition"):
        self.swarm.wait_until(condition, LIMIT_SECONDS, what)

    def test_the_client_sends_its_ticket_and_its_headers(self):
        self.connect("a/ticket", headers={"Cookie": "sessionid=1", "Origin": "http://here"})

        self.assertEqual(self.scripts[0].path, "/ws/notifications/?ticket=a%2Fticket")
        self.assertEqual(self.scripts[0].headers["cookie"], "sessionid=1")
        self.assertEqual(self.scripts[0].headers["origin"], "http://here")

    def test_the_client_records_when_each_notification_arrived_first(self):
        client = self.connect()
        begun_ns = time.perf_counter_ns()
        self.say(notification(1), protocol.batch([notification(2), notification(4)]))
        self.wait_until(lambda: len(client.arrived_ids) == 3)

        self.assertEqual(client.arrived_ids, [1, 2, 4])
        self.assertEqual(client.arrived_ns, sorted(client.arrived_ns))
        self.assertLess(begun_ns, client.arrived_ns[0])
        self.assertLess(client.arrived_ns[-1], time.perf_counter_ns())
        self.assertEqual((client.duplicates, client.out_of_order), (0, 0))

    def test_the_client_counts_frames_and_the_bytes_of_their_payload(self):
        client = self.connect()
        self.say("\u20ac".join(['{"type":"state","code":"', '"}']))
        self.wait_until(lambda: client.frames == 2)

        self.assertEqual(client.bytes, len(HELLO) + 29)

    def test_the_client_drops_a_duplicate_and_acknowledges_it_again(self):
        client = self.connect(ack_delay_seconds=0)
        self.say(notification(1))
        self.wait_until(lambda: self.scripts[0].acknowledged == [[1]])
        self.say(notification(1))
        self.wait_until(lambda: self.scripts[0].acknowledged == [[1], [1]])

        self.assertEqual(client.arrived_ids, [1])
        self.assertEqual(client.duplicates, 1)

    def test_the_client_counts_what_arrives_after_a_newer_notification(self):
        client = self.connect()
        self.say(protocol.batch([notification(5), notification(3), notification(4)]))
        self.say(notification(6), notification(3))
        self.wait_until(lambda: client.duplicates == 1)

        self.assertEqual(client.out_of_order, 2)

    def test_the_client_acknowledges_half_a_window_at_once(self):
        self.connect(ack_delay_seconds=60)
        self.say(notification(1), notification(2), notification(3), notification(4))

        self.wait_until(lambda: self.scripts[0].acknowledged == [[1, 2, 3, 4]])

    def test_the_client_acknowledges_less_than_half_a_window_after_a_delay(self):
        client = self.connect(ack_delay_seconds=0.1)
        self.say(notification(1), notification(2))
        self.wait_until(lambda: self.scripts[0].acknowledged == [[1, 2]])

        waited_ns = time.perf_counter_ns() - client.arrived_ns[0]
        self.assertGreater(waited_ns, 0.045e9)

    def test_clients_that_got_the_same_do_not_acknowledge_in_the_same_moment(self):
        clients = [self.connect(ack_delay_seconds=60) for _ in range(10)]
        self.swarm.call(lambda: [script.say(notification(1)) for script in self.scripts])
        self.wait_until(lambda: all(client._ack_timer for client in clients))
        # When they are due: a busy machine may send those of half a second together.
        moments = self.swarm.call(lambda: [client._ack_timer.when() for client in clients])

        self.assertGreater(max(moments) - min(moments), 1)

    def test_a_client_that_never_acknowledges_still_receives_notifications(self):
        client = self.connect(ack=False, ack_delay_seconds=0)
        self.say(protocol.batch(map(notification, range(1, 20))), protocol.PONG)
        self.wait_until(lambda: len(client.arrived_ids) == 19)
        self.swarm.call(client.send, {"type": "ping"})
        self.wait_until(lambda: self.scripts[0].received)

        self.assertEqual(self.scripts[0].acknowledged, [])

    def test_a_client_with_automatic_acks_tells_the_server_so_and_sends_none(self):
        client = self.connect("t", auto_ack=True, ack_delay_seconds=0)
        self.say(protocol.batch(map(notification, range(1, 20))))
        self.wait_until(lambda: len(client.arrived_ids) == 19)
        self.swarm.call(client.send, {"type": "ping"})
        self.wait_until(lambda: self.scripts[0].received)

        self.assertEqual(self.scripts[0].path, "/ws/notifications/?ticket=t&ack=auto")
        self.assertEqual(self.scripts[0].acknowledged, [])

    def test_the_client_knows_what_it_has_seen_after_a_reconnect(self):
        client = self.connect(ack_delay_seconds=0)
        self.say(notification(1), notification(2))
        self.wait_until(lambda: len(client.arrived_ids) == 2)
        self.swarm.call(client.drop)
        self.wait_until(lambda: not client.connected)
        self.assertEqual(client.close_code, 1006)

        client.ticket = "another"
        self.first_frames = [HELLO, protocol.batch([notification(2), notification(3)])]
        self.swarm.run(client.connect())
        self.wait_until(lambda: len(client.arrived_ids) == 3)

        self.assertEqual(self.scripts[1].path, "/ws/notifications/?ticket=another")
        self.assertEqual(client.arrived_ids, [1, 2, 3])
        self.assertEqual(client.duplicates, 1)
        self.assertIsNone(client.close_code)

    def test_the_client_does_not_acknowledge_what_came_over_an_earlier_connection(self):
        client = self.connect(ack_delay_seconds=0.05)
        self.say(notification(1))
        self.wait_until(lambda: client.arrived_ids == [1])
        self.swarm.call(client.drop)
        self.wait_until(lambda: not client.connected)
        self.swarm.run(client.connect())
        self.say(notification(2))
        self.wait_until(lambda: self.scripts[1].acknowledged)

        self.assertEqual(self.scripts[1].acknowledged, [[2]])

    def test_the_client_forgets_the_ids_of_another_epoch(self):
        hello = {"unread": 1, "queued": 1, "dropped": 0, "window": 8, "retry": (1, 5)}
        self.first_frames = [protocol.hello(epoch="a", **hello), notification(1)]
        client = self.connect()
        for epoch, arrived in (("a", [1]), ("b", [1, 1])):
            self.swarm.call(client.drop)
            self.wait_until(lambda: not client.connected)
            self.first_frames = [protocol.hello(epoch=epoch, **hello), notification(1)]
            self.swarm.run(client.connect())
            self.say(notification(2), protocol.RESYNC)
            self.wait_until(lambda: client.types["resync"], "the last frame")
            self.assertEqual([id_ for id_ in client.arrived_ids if id_ == 1], arrived)
            client.types.clear()

    def test_the_client_counts_as_unread_what_is_newer_than_the_servers_count(self):
        client = self.connect()
        self.say(notification(2), notification(5), notification(4), notification(5))
        self.wait_until(lambda: client.duplicates == 1)
        self.assertEqual(client.unread, 5)
        self.say(protocol.state(4, 4), notification(6))
        self.wait_until(lambda: len(client.arrived_ids) == 4)
        self.assertEqual(client.unread, 6)
        self.say(protocol.edited(notification(5)), protocol.state(3, 4, {"deleted": [6]}))
        self.wait_until(lambda: client.unread == 4)
        self.assertEqual((len(client.arrived_ids), client.duplicates), (4, 1))

    def test_the_client_keeps_the_last_unread_count_and_the_errors_of_the_server(self):
        client = self.connect()
        self.assertEqual(client.unread, 3)
        refused = protocol.FrameRefused("unknown", "no such type")
        self.say(protocol.state(7, 3, {"read": [1, 2]}), protocol.error(refused), protocol.RESYNC)
        self.wait_until(lambda: client.types["resync"] == 1)

        self.assertEqual(client.unread, 7)
        self.assertEqual(client.errors, ["unknown"])

    def test_the_client_sends_a_heartbeat(self):
        self.connect(heartbeat_seconds=0.02)
        self.wait_until(lambda: len(self.scripts[0].received) >= 2)

        self.assertIsInstance(self.scripts[0].received[1], protocol.Ping)

    def test_the_client_reports_the_code_with_which_the_server_closes(self):
        client = self.connect()
        code = protocol.CloseCode.SIGNED_OUT.to_bytes(2, "big")
        self.swarm.call(self.scripts[0].transport.send, WSMsgType.CLOSE, code)
        self.wait_until(lambda: not client.connected)

        self.assertEqual(client.close_code, 4403)

    def test_the_client_sends_text_as_it_is_even_if_it_is_no_frame(self):
        client = self.connect()
        self.swarm.call(client.send, "{nonsense")
        self.wait_until(lambda: self.scripts[0].texts == ["{nonsense"])

    def test_closing_the_client_ends_its_connection_with_code_1000(self):
        client = self.connect()
        self.swarm.run(client.close())

        self.assertFalse(client.connected)
        self.assertEqual(client.close_code, 1000)

    def test_connecting_fails_with_the_close_code_when_the_server_closes_before_its_hello(self):
        self.first_frames = []
        client = NotificationClient(self.url)
        connecting = self.swarm.call(lambda: asyncio.ensure_future(client.connect()))
        self.wait_until(lambda: self.scripts and self.scripts[0].transport)
        code = protocol.CloseCode.UNAUTHENTICATED.to_bytes(2, "big")
        self.swarm.call(self.scripts[0].transport.send, WSMsgType.CLOSE, code)

        with self.assertRaisesRegex(ConnectFailed, "closed with 4401 before its hello"):
            self.swarm.run(asyncio.wait_for(connecting, LIMIT_SECONDS))

    def test_a_close_before_the_hello_of_somebody_who_gives_up_leaves_no_complaint(self):
        class Leaving(NotificationClient):
            def on_ws_disconnected(self, transport):
                super().on_ws_disconnected(transport)
                self.connecting.cancel()

        async def give_up():
            complaints = []
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda loop, context: complaints.append(context["message"]))
            client = Leaving(f"ws://127.0.0.1:{await closing_port()}")
            client.connecting = asyncio.ensure_future(client.connect())
            await asyncio.wait([client.connecting])
            del client
            gc.collect()
            return complaints

        self.assertEqual(self.swarm.run(give_up()), [])

    def test_connecting_fails_at_once_when_the_connection_is_lost_in_the_handshake(self):
        client = NotificationClient(f"ws://127.0.0.1:{self.port_that_hangs_up()}")
        for attempt in ("first", "again"):
            with self.subTest(attempt), self.assertRaisesMessage(OSError, "during the handshake"):
                self.swarm.run(client.connect(timeout_seconds=LIMIT_SECONDS))

    def port_that_hangs_up(self):
        async def hang_up(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.transport.abort()

        server = self.swarm.run(asyncio.start_server(hang_up, "127.0.0.1", 0))
        self.addCleanup(self.swarm.call, server.close)
        return server.sockets[0].getsockname()[1]

    def test_connecting_fails_and_leaves_no_connection_without_a_hello_in_time(self):
        self.first_frames = []
        client = NotificationClient(self.url)
        with self.assertRaises(TimeoutError):
            self.swarm.run(client.connect(timeout_seconds=0.1))
        self.wait_until(lambda: not client.connected)

    def test_a_client_that_never_reads_leaves_the_server_with_a_full_buffer(self):
        client = self.connect(read=False)
        transport = self.scripts[0].transport.underlying_transport
        big = "x" * 60_000
        with self.assertLogs("picows.server"):  # it warns that its buffer is full
            self.say(*[big] * 200)
        self.assertGreater(self.swarm.call(transport.get_write_buffer_size), 1_000_000)
        self.assertEqual(client.frames, 0)
