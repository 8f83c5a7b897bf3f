"""nchan, a module of nginx: publishers post, subscribers have a WebSocket."""

from pathlib import Path

from perftests.load.clients.client import Listener, NotificationClient
from perftests.load.services.nginx import PrivateNginx
from perftests.load.services.programs import find_program
from perftests.load.services.service import PrivateService, ServiceFailed
from perftests.processes.system import HOST

from .service import HttpPublished

MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
HTTP = """\
    server {{
        listen {host}:{port} backlog=4096;
        nchan_channel_id all;
        location = /subscribe {{
            nchan_subscriber websocket;
            nchan_subscriber_first_message newest;
        }}
        location = /publish {{ nchan_publisher http; }}
    }}
"""


class NchanService(PrivateNginx):
    modules = f"load_module {MODULE};"

    def http(self) -> str:
        return HTTP.format(host=HOST, port=self.port)


class Nchan(HttpPublished):
    """One channel, with its messages in the memory of nginx."""

    name = "nchan"

    def make_service(self) -> PrivateService:
        find_program("nginx")
        if not MODULE.exists():
            raise ServiceFailed("nginx has no nchan: install libnginx-mod-nchan.")
        return NchanService()

    def make_clients(self, number: int, *, ack: bool) -> list[NotificationClient]:
        return [Listener(f"ws://{HOST}:{self.port}/subscribe") for _ in range(number)]
