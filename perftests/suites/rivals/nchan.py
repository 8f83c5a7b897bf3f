"""nchan, a module of nginx: publishers post, subscribers have a WebSocket."""

from pathlib import Path

from perftests.load.clients.client import Listener, NotificationClient
from perftests.load.services.programs import find_program
from perftests.load.services.service import PrivateService, ServiceFailed
from perftests.processes.system import HOST

from .service import HttpPublished

MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
CONFIGURATION = """
load_module {module};
daemon off;
pid {folder}/nginx.pid;
error_log stderr error;
worker_processes 1;
worker_rlimit_nofile 65536;
events {{ worker_connections 32768; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen {host}:{port} backlog=4096;
    nchan_channel_id all;
    location = /subscribe {{ nchan_subscriber websocket; nchan_subscriber_first_message newest; }}
    location = /publish {{ nchan_publisher http; }}
  }}
}}
"""


class NchanService(PrivateService):
    def command(self) -> list[str]:
        configuration = self.folder / "nginx.conf"
        words = {"module": MODULE, "folder": self.folder, "host": HOST, "port": self.port}
        configuration.write_text(CONFIGURATION.format(**words))
        return [find_program("nginx"), "-c", str(configuration), "-p", str(self.folder)]


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
