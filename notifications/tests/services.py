"""A private Redis for tests that take away its rights."""

import redis

from perftests.load.services import programs
from perftests.load.services import redis as redis_service


def redis_is_installed():
    return programs.has_program("redis-server")


class PrivateRedis(redis_service.PrivateRedis):
    """The layers of a test sign in as `site`, whose rights a test may take away.

    `ask` is the administrator, whose connection is there before there are too many.
    """

    @property
    def site_url(self):
        return self.url.replace("redis://", "redis://site:secret@")

    def start(self):
        super().start()
        self._admin = redis.Redis(port=self.port, single_connection_client=True)
        self.ask("ACL SETUSER site on >secret ~* +@all allchannels")

    def kill(self):
        if self.running:
            self._admin.close()
        super().kill()

    def ask(self, *commands):
        """Run commands as the administrator, and return the answer to the last."""
        return [self._admin.execute_command(*command.split()) for command in commands][-1]
