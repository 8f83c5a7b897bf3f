"""One server with its clients, and the samples that are measured on it."""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, Self

from ...conf import configuration
from ...load.clients.swarm import Swarm
from ...load.server.process import ServerProcess
from ...measure.instructions import EventCounter, Uncountable
from ...measure.profiles import SampledProfile, SelfSeconds
from ...records import codec
from ...suites.kit.clients import Clients
from ...suites.kit.server import ServerUnderLoad, private_layer
from ..counts import Counted
from .counted import count_all
from .instructions import count_instructions
from .sample import Round
from .samples import SAMPLES

TIMEOUT_SECONDS = 30
PROFILED_ROUNDS = 40


class Ruler:
    """A context manager; within it a server runs, and each sample is prepared when first used."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._rounds: dict[str, Round] = {}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(private_layer())
            process = stack.enter_context(ServerProcess(configuration.SERVER))
            server = ServerUnderLoad(process, TIMEOUT_SECONDS)
            swarm = stack.enter_context(Swarm(server.websocket_url))
            self._clients = Clients(server, swarm)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def ready(self) -> bool:
        """True, as soon as the server is there to be measured."""
        return self._clients.server.process.running

    def measure(self, sample: str) -> Mapping[str, float]:
        """The metrics of one round of a sample."""
        if sample not in self._rounds:
            self._rounds[sample] = SAMPLES[sample].prepare(self._clients)
        return self._rounds[sample]()

    def profile(self, sample: str) -> SelfSeconds:
        """Where the time of so many rounds goes, in the thread that does the work."""
        self.measure(sample)
        if SAMPLES[sample].here:
            profile = SampledProfile()
            profile.start()
            self._repeat(sample)
            return profile.stop()
        with self._clients.server.control.profiled() as seconds:
            self._repeat(sample)
        return seconds

    def _repeat(self, sample: str) -> None:
        for _ in range(PROFILED_ROUNDS):
            self.measure(sample)

    def count(self) -> dict[str, Any]:
        """`Counted`, as plain data for JSON."""
        counts, uncounted = list(count_all(self._clients)), ""
        try:
            with EventCounter() as counter:
                counts += count_instructions(counter)
        except Uncountable as error:
            uncounted = str(error)
        plain: dict[str, Any] = codec.to_builtins(Counted(counts, uncounted))
        return plain
