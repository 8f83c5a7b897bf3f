"""An nginx of a test's own."""

from abc import abstractmethod
from typing import ClassVar

from .programs import find_program
from .service import PrivateService

CONFIGURATION = """\
{modules}
daemon off;
pid {folder}/nginx.pid;
error_log stderr error;
worker_processes {workers};
worker_rlimit_nofile 65536;
events {{ worker_connections 32768; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{http}
}}
"""


class PrivateNginx(PrivateService):
    """In the foreground, with all its files in its folder. Subclasses say what it serves."""

    modules: ClassVar[str] = ""
    workers: ClassVar[int] = 1

    @abstractmethod
    def http(self) -> str:
        """What its block `http` holds besides."""

    def configuration(self) -> str:
        """The whole file."""
        return CONFIGURATION.format(
            modules=self.modules, folder=self.folder, workers=self.workers, http=self.http()
        )

    def command(self) -> list[str]:
        path = self.folder / "nginx.conf"
        path.write_text(self.configuration())
        return [find_program("nginx"), "-p", str(self.folder), "-c", str(path)]
