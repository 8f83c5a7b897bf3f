"""A test of a live server: one process for the class, clients for each test."""

from collections.abc import Mapping
from typing import ClassVar

from perftests.conf import configuration
from perftests.load.clients.swarm import Swarm
from perftests.load.server.process import ServerProcess
from perftests.testcases import PerformanceTestCase

from .clients import Clients
from .server import ServerUnderLoad, private_layer


class LoadTestCase(PerformanceTestCase):
    """Owns what its helpers work with: `server`, `clients`, and the `swarm` that these are on.

    A helper takes those of them that it needs, as `ServerUnderLoad` or `Clients`, and the test
    itself as no more than a `Recorder` or a `Pacing`.
    """

    process: ClassVar[ServerProcess]
    server_environment: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.enterClassContext(private_layer())
        cls.process = cls.enterClassContext(
            ServerProcess(configuration.SERVER, environment=cls.server_environment)
        )

    def setUp(self) -> None:
        super().setUp()
        self.process.check_running()
        self.server = ServerUnderLoad(self.process, self.timeout_seconds)
        # Runs when the swarm is closed: no write of the server may meet the flush of the tables.
        self.addCleanup(self.server.await_empty)
        self.swarm = self.enterContext(Swarm(self.server.websocket_url))
        self.clients = Clients(self.server, self.swarm)
        self.addCleanup(self.server.stop_sending)
