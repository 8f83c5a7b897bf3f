"""A Redis of a test's own."""

from perftests.processes.system import HOST

from .programs import find_program
from .service import PrivateService


class PrivateRedis(PrivateService):
    """A Redis that keeps nothing."""

    def command(self) -> list[str]:
        return [
            *(find_program("redis-server"), "--port", str(self.port), "--bind", HOST),
            *("--save", "", "--appendonly", "no"),
        ]

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}/0"
