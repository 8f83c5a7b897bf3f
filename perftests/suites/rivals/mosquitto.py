"""Mosquitto: each client has a session, in which messages wait until they are acknowledged."""

import asyncio
import socket
import time
from typing import cast

from perftests.load.clients.arrivals import decode
from perftests.load.clients.client import ConnectFailed, Listener, NotificationClient
from perftests.load.services.programs import find_program
from perftests.load.services.service import PrivateService
from perftests.processes.system import HOST, unique

from . import mqtt
from .alternative import FILLING, frame
from .service import ServiceAlternative

TOPIC = "notifications"
CONFIGURATION = """
listener {port} {host}
allow_anonymous true
persistence true
persistence_location {folder}/
autosave_interval 1
max_queued_messages 0
user root
log_type error
"""
"""What it holds is written to the disk every second, and any number of messages may wait."""


class MosquittoService(PrivateService):
    def command(self) -> list[str]:
        configuration = self.folder / "mosquitto.conf"
        configuration.write_text(
            CONFIGURATION.format(port=self.port, host=HOST, folder=self.folder)
        )
        return [find_program("mosquitto"), "-c", str(configuration)]


class Mosquitto(ServiceAlternative):
    """Publishes with quality of service 1; its subscribers have 1 or, without acks, 0."""

    name = "Mosquitto"
    acknowledges = True

    _publisher: socket.socket | None = None

    def make_service(self) -> PrivateService:
        find_program("mosquitto")
        return MosquittoService()

    def make_clients(self, number: int, *, ack: bool) -> list[NotificationClient]:
        return [MqttClient(self.port, quality=int(ack)) for _ in range(number)]

    def publish(self) -> int:
        number = next(self._numbers)
        payload = frame(number, FILLING).encode()
        self._exchange(mqtt.publish(TOPIC, payload, number % 0xFFFF + 1), mqtt.PUBACK)
        return number

    def settle(self) -> None:
        """The second answer comes after a turn in which it has read all that was sent before."""
        for _ in range(2):
            self._exchange(mqtt.packet(mqtt.PINGREQ), mqtt.PINGRESP)

    def _exchange(self, sent: bytes, wanted: int) -> None:
        try:
            if self._publisher is None:
                self._publisher = socket.create_connection((HOST, self.port), self.timeout_seconds)
                self._publisher.sendall(mqtt.connect(unique("publisher"), clean=True))
                self._read_until(mqtt.CONNACK)
            self._publisher.sendall(sent)
            self._read_until(wanted)
        except OSError:
            self._publisher = None  # the next one connects anew
            raise

    def _read_until(self, kind: int) -> None:
        assert self._publisher is not None
        reader = mqtt.Reader()
        while data := self._publisher.recv(4096):
            if any(packet.kind == kind for packet in reader.feed(data)):
                return
        raise ConnectionResetError("The broker has closed the connection.")


class MqttClient(Listener, asyncio.Protocol):
    """Subscribed over TCP, in a session of its own."""

    def __init__(self, port: int, *, quality: int) -> None:
        super().__init__(f"mqtt://{HOST}:{port}")
        self._port = port
        self._quality = quality
        self._name = unique("client")
        self._reader = mqtt.Reader()
        self._tcp: asyncio.Transport | None = None
        self._subscribed: asyncio.Future[None] | None = None

    async def connect(self, *, timeout_seconds: float = 30.0) -> None:
        """Connect and subscribe; raises `OSError`, `ConnectFailed` or `TimeoutError`."""
        loop = asyncio.get_running_loop()
        self._reader = mqtt.Reader()
        self._subscribed = loop.create_future()
        async with asyncio.timeout(timeout_seconds):
            await loop.create_connection(lambda: self, HOST, self._port)
            await self._subscribed

    async def close(self, *_: object) -> None:
        self.drop()

    def drop(self) -> None:
        if self._tcp is not None:
            self._tcp.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._tcp = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self.connected = True
        self._tcp.write(mqtt.connect(self._name, clean=not self._quality))

    def connection_lost(self, exception: Exception | None) -> None:
        self.connected = False
        self._answer(ConnectFailed("The broker has closed the connection."))

    def data_received(self, data: bytes) -> None:
        assert self._tcp is not None
        acks = []
        for packet in self._reader.feed(data):
            if packet.kind == mqtt.CONNACK:
                self._tcp.write(mqtt.subscribe(TOPIC, self._quality))
            elif packet.kind == mqtt.SUBACK:
                self._answer(None)
            elif packet.kind & 0xF0 == mqtt.PUBLISH:
                self.note_arrivals([decode(packet.payload).id], time.perf_counter_ns())
                acks += [mqtt.puback(packet.number)] if packet.wants_ack else []
        if acks:
            self._tcp.write(b"".join(acks))

    def _answer(self, failure: Exception | None) -> None:
        """To whoever waits for the connect, if anybody still does."""
        if self._subscribed is None or self._subscribed.done():
            return
        if failure is None:
            self._subscribed.set_result(None)
        else:
            self._subscribed.set_exception(failure)
