"""An nginx in front of several server processes, as docs/how-to/scale.md has it."""

from collections.abc import Sequence

from perftests.load.services.programs import find_program
from perftests.load.services.service import PrivateService
from perftests.processes.system import HOST

WORKERS = 4
"""Each takes two files for a client, and a process has a limit of these."""

CONFIGURATION = """\
daemon off;
pid {folder}/nginx.pid;
error_log stderr error;
worker_processes {workers};
events {{ worker_connections 32768; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
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
}}
"""


class Proxy(PrivateService):
    """Hands each client to the process that has the fewest."""

    def __init__(self, ports: Sequence[int]) -> None:
        super().__init__()
        self._ports = ports

    @property
    def websocket_url(self) -> str:
        return f"ws://{HOST}:{self.port}"

    def command(self) -> list[str]:
        path = self.folder / "nginx.conf"
        path.write_text(configuration(str(self.folder), self.port, self._ports))
        return [find_program("nginx"), "-p", str(self.folder), "-c", str(path)]


def configuration(folder: str, port: int, servers: Sequence[int]) -> str:
    """For a proxy on `port`, with its files in `folder`."""
    lines = [f"        server {HOST}:{server} max_fails=0;" for server in servers]
    return CONFIGURATION.format(
        folder=folder, workers=WORKERS, host=HOST, port=port, servers="\n".join(lines)
    )
