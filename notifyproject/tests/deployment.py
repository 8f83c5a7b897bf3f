"""The site of docs/how-to/deploy.md as processes of a test's own, without systemd and Docker."""

import json
import os
import re
import shlex
import subprocess
import sys
from contextlib import ExitStack

import yaml
from django.conf import settings

from perftests.load.services.nginx import PrivateNginx
from perftests.load.services.postgres import PrivatePostgres
from perftests.load.services.redis import PrivateRedis
from perftests.load.services.service import PrivateService

from .docs.pages import block, page

DEPLOY = page("how-to/deploy")
COMPOSE = yaml.safe_load(block(DEPLOY, "yaml", "# compose.yaml"))
SERVERS = [
    shlex.split(service["command"])
    for name, service in COMPOSE["services"].items()
    if name.startswith("server")
]

# Users and what they are sent, until standard input ends. It prints first keys, then ids.
SENDER = """
import json, os, select, sys
import django
django.setup()
from django.contrib.auth.models import User
from notifications.send import notify
count = int(sys.argv[1])
users = User.objects.bulk_create([User(username=f"user{n}") for n in range(count)])
print(json.dumps([user.pk for user in users]), flush=True)
ids = []
while not select.select([sys.stdin], [], [], 0.2)[0]:
    ids.append(notify(users, "Load").pk)
print(json.dumps(ids), flush=True)
"""


def variables():
    """Those of the page."""
    words = (
        shlex.split(line, comments=True) for line in block(DEPLOY, "sh", "# notify").split("\n")
    )
    return dict(word[0].split("=", 1) for word in words if word)


def port_of(words):
    return words[words.index("--port") + 1]


class Server(PrivateService):
    """A process of the page, on a port of its own."""

    def __init__(self, words, environment):
        super().__init__()
        self._words = [str(self.port) if word == port_of(words) else word for word in words]
        self._environment = [f"{name}={value}" for name, value in environment.items()]

    def command(self):
        return ["env", *self._environment, sys.executable, "-m", *self._words]


class DocumentedNginx(PrivateNginx):
    """That of docs/how-to/scale.md in front of these ports, without its certificate."""

    def __init__(self, ports):
        super().__init__()
        self._ports = dict(zip(("8001", "8002"), map(str, ports), strict=True))

    @property
    def websocket_url(self):
        return f"ws://127.0.0.1:{self.port}"

    def http(self):
        [text] = re.findall(r"^http \{\n(.*)^\}", block_of_nginx(), re.DOTALL | re.MULTILINE)
        text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{self.port};")
        text = re.sub(r"\n\s*ssl_certificate.*?;", "", text)
        return re.sub(r"127\.0\.0\.1:(800\d)", lambda m: f"127.0.0.1:{self._ports[m[1]]}", text)


def block_of_nginx():
    return block(page("how-to/scale"), "nginx", "# Each client")


class Deployment:
    """A context manager around all of it, migrated."""

    def __enter__(self):
        with ExitStack() as stack:
            database = stack.enter_context(PrivatePostgres())
            redis = stack.enter_context(PrivateRedis())
            self.variables = variables() | {
                "ALLOWED_HOSTS": "127.0.0.1",
                "DATABASE_URL": database.url,
                "REDIS_URL": redis.url,
                "DJANGO_SETTINGS_MODULE": "notifyproject.settings",
                "PYTHONPATH": str(settings.BASE_DIR),
            }
            self.migrate()
            made = [Server(words, self.variables) for words in SERVERS]
            self.servers = [stack.enter_context(server) for server in made]
            self.proxy = stack.enter_context(DocumentedNginx([s.port for s in self.servers]))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception):
        self._stack.close()

    def migrate(self):
        _, *words = shlex.split(COMPOSE["services"]["migrate"]["command"])
        self._run(words, check=True, capture_output=True)

    def restart(self):
        """One server after the other, each when the one before answers again."""
        for server in self.servers:
            server.stop()
            server.start()

    def sender(self, users):
        return Sender(self.environment(), users)

    def environment(self):
        return {**os.environ, **self.variables}

    def _run(self, words, **options):
        return subprocess.run(
            [sys.executable, *words],
            cwd=settings.BASE_DIR,
            env=self.environment(),
            **options,
        )


class Sender:
    """A context manager around a process that sends to all `users`; `ids` is what it has sent."""

    def __init__(self, environment, users):
        self._process = subprocess.Popen(
            [sys.executable, "-c", SENDER, str(users)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        self.ids = []

    def __enter__(self):
        self.keys = json.loads(self._process.stdout.readline())
        return self

    def __exit__(self, *exception):
        said, _ = self._process.communicate()  # which ends its standard input
        self.ids = json.loads(said or "[]")
