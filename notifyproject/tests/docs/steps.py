"""A page as it is followed: its files are written and its commands run, in their order."""

import re
import subprocess
import sys
from pathlib import Path

from perftests.load.services.service import PrivateService
from perftests.processes.system import free_port

from ..own_project import environment

SERVERS = {
    "python manage.py runserver": "8000",
    "gunicorn": "8000",
    "daphne": "8001",
    "nginx": "8080",
}
"""By the beginnings of their commands, the ports that the page has for them."""

FILE = re.compile(r"^(?:# |\{# )([\w/]+\.(?:py|html|conf))(, at its end)?(?: #\})?\n")


class Follower:
    """In an empty folder. Ports are free ones of this machine, and no password is asked for.

    What stands in `replaced` is at the second place on this machine. A server runs until it is
    started again, or until the test is over.
    """

    PASSWORD = "engine of analysis"

    def __init__(self, case, folder, replaced):
        self._case, self._folder, self._replaced = case, Path(folder), replaced
        self._ports = {port: str(free_port()) for port in set(SERVERS.values())}
        self._state = []  # what a terminal would remember
        self._servers = {}

    def url(self, port="8000"):
        return f"http://127.0.0.1:{self._ports[port]}"

    def follow(self, section):
        """All fenced blocks, but examples of code that name no file."""
        for language, text in re.findall(r"^```(\w+)\n(.*?)^```$", section, re.M | re.S):
            if language == "console":
                for line in text.splitlines():
                    self.run(re.sub(r"\s{3,}# .*", "", line.removeprefix("$ ")))
            elif named := FILE.match(text):
                self._write(named[1], text, after=bool(named[2]))

    def run(self, line):
        """As a terminal does."""
        line = self._here(line)
        server = next((name for name in SERVERS if line.startswith(name)), None)
        if server:
            self._serve(server, line)
            return
        if "createsuperuser" in line:
            line += " --noinput"
        done = self._bash(line)
        self._case.assertEqual(done.returncode, 0, f"{line}: {done.stdout}{done.stderr}")
        if line.startswith(("cd ", ". ")):
            self._state.append(line)

    def _serve(self, name, line):
        port = SERVERS[name]
        if name.endswith("runserver"):
            line += f" --noreload {self._ports[port]}"
        if port in self._servers:
            self._servers.pop(port).stop()
        server = Server(self._project(), [*self._remembered(), f"exec {line}"], self._ports[port])
        self._servers[port] = self._case.enterContext(server)

    def _write(self, name, text, after):
        path = self._project() / name
        path.parent.mkdir(exist_ok=True)
        path.write_text((path.read_text() if after else "") + self._here(text))

    def refused(self, line):
        """What a command printed that has to end with another code than 0."""
        done = self._bash(line)
        self._case.assertNotEqual(done.returncode, 0, f"{line}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def replace(self, name, text, other=""):
        """Change a file; without `other`, take the text out of it again."""
        path = self._project() / name
        self._case.assertIn(text, path.read_text())
        path.write_text(path.read_text().replace(text, other))

    def _here(self, text):
        for there, here in {**self._replaced, **self._ports}.items():
            text = text.replace(there, str(here))
        return text

    def _remembered(self):
        """In the folder of the project, all but the way there."""
        return [line for line in self._state if not line.startswith("cd ")]

    def _project(self):
        return Path(self._bash("pwd").stdout.strip())

    def _bash(self, line):
        return subprocess.run(
            ["bash", "-ec", "\n".join([*self._state, line])],
            cwd=self._folder,
            env=variables(),
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )


def variables():
    """The interpreter that runs the tests is `python3`."""
    here = environment()
    path = f"{Path(sys.executable).parent}:{here['PATH']}"
    return {**here, "PATH": path, "DJANGO_SUPERUSER_PASSWORD": Follower.PASSWORD}


class Server(PrivateService):
    def __init__(self, folder, lines, port):
        super().__init__(folder)
        self.port, self._lines = int(port), lines

    def command(self):
        clean = [f"{name}={value}" for name, value in variables().items()]
        return ["env", "-i", *clean, "bash", "-ec", "\n".join(self._lines)]
