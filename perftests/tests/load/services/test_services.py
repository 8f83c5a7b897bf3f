import contextlib
import threading
from unittest import mock, skipUnless

import psutil
import psycopg
import redis
from django.test import SimpleTestCase, tag

from perftests.load.services.disk import SmallDisk, can_mount
from perftests.load.services.postgres import PrivatePostgres
from perftests.load.services.programs import has_program
from perftests.load.services.redis import PrivateRedis
from perftests.load.services.service import ServiceFailed


@contextlib.contextmanager
def clients_that_connect(service):
    """Two threads, each of which makes one connection after the other."""
    ended = threading.Event()

    def connect():
        while not ended.is_set():
            with contextlib.suppress(psycopg.Error):
                psycopg.connect(service.url, connect_timeout=5).close()

    threads = [threading.Thread(target=connect) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


@tag("slow")
class PrivateServiceTests(SimpleTestCase):
    @skipUnless(has_program("redis-server"), "redis-server is not installed")
    def test_a_private_redis_hangs_while_suspended_and_keeps_its_port_over_a_kill(self):
        with PrivateRedis() as service:
            client = redis.Redis(port=service.port, socket_timeout=0.2)
            self.addCleanup(client.close)
            self.assertTrue(client.ping())
            service.suspend()
            with self.assertRaises(redis.TimeoutError):
                client.ping()
            service.resume()
            service.kill()
            self.assertFalse(service.running)
            with self.assertRaises(redis.ConnectionError):
                client.ping()
            service.start()
            self.assertTrue(client.ping())
        self.assertFalse(service.folder.exists())

    @skipUnless(has_program("postgres"), "PostgreSQL is not installed")
    def test_a_private_postgres_keeps_its_rows_over_a_kill(self):
        with PrivatePostgres() as service:
            with psycopg.connect(service.url, autocommit=True) as connection:
                connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
            service.kill()
            service.start()
            with psycopg.connect(service.url) as connection:
                self.assertEqual(connection.execute("SELECT number FROM kept").fetchone(), (1,))
        self.assertFalse(service.folder.exists())

    @skipUnless(has_program("postgres"), "PostgreSQL is not installed")
    def test_a_suspended_postgres_also_hangs_for_those_who_connect_at_that_moment(self):
        with PrivatePostgres() as service, clients_that_connect(service):
            for _ in range(10):
                service.suspend()
                server = psutil.Process(service._process.pid)
                states = {process.status() for process in [server, *server.children()]}
                self.assertLessEqual(states, {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE})
                service.resume()

    @skipUnless(can_mount(), "only root may mount a file system")
    def test_a_small_disk_has_room_again_after_it_was_full(self):
        with SmallDisk(1) as disk:
            with disk.filled(), self.assertRaises(OSError), (disk.folder / "file").open("wb") as f:
                f.write(bytes(10_000))
            (disk.folder / "file").write_bytes(bytes(10_000))
        self.assertFalse(disk.folder.exists())

    def test_a_service_whose_program_is_missing_is_refused_by_name(self):
        with (
            mock.patch.dict("os.environ", PATH="/nowhere"),
            self.assertRaisesMessage(ServiceFailed, "redis-server is not installed."),
        ):
            PrivateRedis().start()
