"""An nginx in front of several server processes, as docs/how-to/scale.md has it."""

from collections.abc import Sequence

from perftests.load.services.nginx import PrivateNginx
from perftests.processes.system import HOST

HTTP = """\
    upstream servers {{
        least_conn;
        zone servers 64k;
{servers}
    }}
    server {{
        listen {host}:{port} backlog=4096 reuseport;
        location / {{
            proxy_pass http://servers;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection upgrade;
            proxy_read_timeout 180s;
            proxy_send_timeout 180s;
        }}
    }}
"""


class Proxy(PrivateNginx):
    """Hands each client to the process that has the fewest."""

    workers = 4
    """Each takes two files for a client, and a process has a limit of these."""

    def __init__(self, ports: Sequence[int]) -> None:
        super().__init__()
        self._ports = ports

    @property
    def websocket_url(self) -> str:
        return f"ws://{HOST}:{self.port}"

    def http(self) -> str:
        return served(self.port, self._ports)


def served(port: int, servers: Sequence[int]) -> str:
    """What a proxy on `port` serves: all of these."""
    lines = [f"        server {HOST}:{server} max_fails=0;" for server in servers]
    return HTTP.format(host=HOST, port=port, servers="\n".join(lines))
