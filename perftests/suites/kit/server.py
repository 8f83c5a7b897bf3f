"""The server under load, as helpers of a test see it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.conf import settings
from django.test import override_settings

from perftests.load.server.control import Control
from perftests.load.server.process import ServerProcess
from perftests.measure.resources import ResourceMonitor, rss_bytes, uss_bytes
from perftests.measure.units import kilobytes
from perftests.processes.system import unique

from .contexts import Recorder


class ServerUnderLoad:
    """A server's process with the commands inside it.

    `timeout_seconds` is the longest to wait for any one thing that it does.
    """

    def __init__(self, process: ServerProcess, timeout_seconds: float) -> None:
        self.process = process
        self.control = Control(process.http_url)
        self.timeout_seconds = timeout_seconds

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def websocket_url(self) -> str:
        return self.process.websocket_url

    def restart(self) -> None:
        """Start anew: what a server has given back it takes again before it shows as memory."""
        self.process.stop()
        self.process.start()

    def await_empty(self) -> None:
        """Wait until it has seen every client leave; raises `TimeoutError`."""
        self.control.await_empty(self.timeout_seconds)

    def stop_sending(self) -> None:
        """After a failure or Ctrl-C it would go on with what it was told to send."""
        with suppress(OSError):  # it has died
            self.control.stop_sending()

    def collected_rss_bytes(self) -> int:
        """Resident memory after a garbage collection."""
        self.control.collect()
        return rss_bytes(self.pid)

    def collected_uss_kilobytes(self) -> float:
        """Memory of its own after a garbage collection."""
        self.control.collect()
        return kilobytes(uss_bytes(self.pid))

    def monitors(self) -> tuple[ResourceMonitor, ResourceMonitor]:
        """One of the server, one of this process, which has the clients."""
        return ResourceMonitor(self.pid), ResourceMonitor(os.getpid(), name="client", tree=False)

    @contextmanager
    def monitored(self, recorder: Recorder) -> Iterator[ResourceMonitor]:
        """Record the resources of server and client while the block runs; yields the server's."""
        server, client = self.monitors()
        with server, client:
            yield server
        recorder.record_series(*server.series(), *client.series())


@contextmanager
def private_layer() -> Iterator[None]:
    """Let this process and the servers it starts share a channel layer that nobody else hears."""
    layers = getattr(settings, "CHANNEL_LAYERS", {})
    layer = layers.get("default", {})
    config = layer.get("CONFIG", {})
    if "hosts" in config:
        config = {**config, "prefix": unique("perf")}
        layers = {**layers, "default": {**layer, "CONFIG": config}}
    with override_settings(CHANNEL_LAYERS=layers):
        yield
