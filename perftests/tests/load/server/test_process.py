import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from unittest import SkipTest, mock
from urllib.request import urlopen

import psutil
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.test import SimpleTestCase, override_settings, tag

from perftests.load.clients.swarm import Swarm
from perftests.load.server.process import ServerFailed, ServerProcess, command, server_environment
from perftests.processes import system

APPLICATION = "perftests.tests.bare_asgi:application"
SERVERS = ("daphne", "uvicorn")


def wait_until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def has_ended(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class SiteWithoutSocketsTests(SimpleTestCase):
    @override_settings(ASGI_APPLICATION=None)
    def test_a_site_without_sockets_is_put_under_no_load_and_its_tests_are_skipped(self):
        with self.assertRaisesRegex(SkipTest, "ASGI_APPLICATION is not set"):
            ServerProcess("daphne").start()


@tag("slow")
class ServerProcessTests(SimpleTestCase):
    def test_a_server_serves_http_and_websockets_until_it_is_stopped(self):
        for server in SERVERS:
            with self.subTest(server):
                with ServerProcess(server, application=APPLICATION) as process:
                    pid = process.pid
                    with urlopen(process.http_url) as response:
                        self.assertEqual(response.read(), b"hello")
                    with Swarm(process.websocket_url) as swarm:
                        self.assertEqual(len(swarm.connect_floor(3)), 3)
                self.assertFalse(psutil.pid_exists(pid))
                self.assertFalse(process.running)

    def test_a_server_comes_back_on_the_same_port_after_a_kill(self):
        for server in SERVERS:
            with (
                self.subTest(server),
                ServerProcess(server, application=APPLICATION) as process,
                Swarm(process.websocket_url) as swarm,
            ):
                url, pid = process.http_url, process.pid
                clients = swarm.connect_floor(3)
                process.kill()
                swarm.wait_until(lambda: not any(c.connected for c in clients), 30, "the kill")  # noqa: B023
                process.start()

                self.assertEqual(process.http_url, url)
                self.assertNotEqual(process.pid, pid)
                self.assertEqual({client.close_code for client in clients}, {1006})
                self.assertEqual(len(swarm.connect_clients(clients)), 3)

    def test_a_server_refuses_a_frame_above_the_limit(self):
        # Daphne's WebSocket library cuts the connection, uvicorn's says why.
        for server, code in (("daphne", 1006), ("uvicorn", 1009)):
            with (
                self.subTest(server),
                ServerProcess(server, application=APPLICATION) as process,
                Swarm(process.websocket_url) as swarm,
            ):
                [client] = swarm.connect_floor(1)
                swarm.call(client.send, "x" * 65537)
                swarm.wait_until(lambda: not client.connected, 30, "the refusal")  # noqa: B023
                self.assertEqual(client.close_code, code)

    def test_the_output_of_a_server_is_kept_over_all_its_starts_and_in_no_file(self):
        with (
            tempfile.TemporaryDirectory() as folder,
            mock.patch.object(tempfile, "tempdir", folder),
        ):
            with ServerProcess("uvicorn", application=APPLICATION) as process:
                for path in ("/one", "/two"):
                    urlopen(process.http_url + path).close()
                    self.assertIn(f"asked for {path}", process.stderr())
                process.stop()
                process.start()
                self.assertEqual(os.listdir(folder), [])
            printed = process.stderr()
        self.assertLess(printed.index("asked for /one"), printed.index("asked for /two"))

    def test_a_server_that_does_not_come_up_says_why_in_its_own_words(self):
        for server in SERVERS:
            with self.subTest(server), self.assertRaises(ServerFailed) as caught:
                ServerProcess(server, application="there.is.no.such:application").start()
            self.assertRegex(str(caught.exception), r'No module named .?there|"there.is.no.such"')
            self.assertIn(f"{server} (there.is.no.such:application)", str(caught.exception))

    def test_a_server_that_takes_too_long_is_ended(self):
        process = ServerProcess(application=APPLICATION, timeout_seconds=0.01)

        with self.assertRaisesRegex(ServerFailed, r"did not answer within 0\.01 seconds"):
            process.start()

        self.assertFalse(process.running)

    def test_a_server_that_died_is_noticed(self):
        with ServerProcess("uvicorn", application=APPLICATION) as process:
            process.check_running()
            urlopen(process.http_url + "/last").close()
            psutil.Process(process.pid).kill()
            self.assertTrue(wait_until(lambda: not process.running))
            with self.assertRaisesRegex(ServerFailed, "asked for /last"):
                process.check_running()

    def test_a_server_takes_another_port_when_the_first_is_taken_meanwhile(self):
        for server in SERVERS:
            with self.subTest(server), socket.socket() as other:
                other.bind((system.HOST, 0))
                other.listen()
                taken, free = other.getsockname()[1], system.free_port()
                ports = mock.patch(
                    "perftests.load.server.process.free_port", side_effect=[taken, free]
                )
                with ports, ServerProcess(server, application=APPLICATION) as process:
                    self.assertEqual(process.port, free)

    def test_a_server_refuses_to_start_twice(self):
        with (
            ServerProcess("uvicorn", application=APPLICATION) as process,
            self.assertRaisesRegex(ServerFailed, "started already"),
        ):
            process.start()

    def test_a_server_has_no_process_id_before_it_runs(self):
        with self.assertRaisesRegex(ServerFailed, "not running"):
            _ = ServerProcess().pid

    def test_no_server_outlives_a_killed_parent(self):
        script = (
            "import os, signal\n"
            "from perftests.load.server.process import ServerProcess\n"
            f"print(ServerProcess('uvicorn', application={APPLICATION!r}).__enter__().pid)\n"
            "os.sys.stdout.flush()\n"
            "os.kill(os.getpid(), signal.SIGKILL)\n"
        )
        parent = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, timeout=120
        )
        self.assertTrue(wait_until(lambda: has_ended(int(parent.stdout))), parent.stderr)


class ServerCommandTests(SimpleTestCase):
    def test_both_servers_are_started_as_the_documentation_says(self):
        self.assertEqual(
            " ".join(command("daphne", 8000, "notifyproject.asgi:application")),
            "daphne -e tcp:port=8000:interface=127.0.0.1:backlog=4096 --verbosity 0 "
            "--websocket-max-frame-size 65536 --websocket-max-message-size 65536 "
            "notifyproject.asgi:application",
        )
        self.assertEqual(
            " ".join(command("uvicorn", 8000, "notifyproject.asgi:application")),
            "uvicorn --host 127.0.0.1 --port 8000 --backlog 4096 "
            "--ws notifications.uvicorn:PreparedFramesProtocol "
            "--ws-per-message-deflate false --ws-max-size 65536 --loop uvloop --no-access-log "
            "--log-level warning --timeout-graceful-shutdown 5 notifyproject.asgi:application",
        )


class ServerEnvironmentTests(SimpleTestCase):
    def test_a_server_shares_database_and_key_with_the_tests(self):
        with self.settings(SECRET_KEY="a key of this test"):
            environment = server_environment()
        self.assertEqual(environment["PERF_SECRET_KEY"], "a key of this test")
        self.assertEqual(environment["PERF_DATABASE_NAME"], str(connection.settings_dict["NAME"]))

    def test_a_server_is_told_of_every_other_database_of_the_tests(self):
        log = DatabaseWrapper({"NAME": "test_log"}, alias="log")
        with mock.patch.object(connections, "all", return_value=[connection, log]):
            environment = server_environment()
        self.assertEqual(json.loads(environment["PERF_OTHER_DATABASES"]), {"log": "test_log"})

    def test_a_server_shares_the_prefix_of_the_layer_with_the_tests(self):
        layer = {"BACKEND": "x", "CONFIG": {"hosts": ["redis://x"], "prefix": "this-run"}}
        with self.settings(CHANNEL_LAYERS={"default": layer}):
            self.assertEqual(server_environment()["PERF_LAYER_PREFIX"], "this-run")

    def test_a_server_refuses_a_database_in_memory(self):
        in_memory = DatabaseWrapper({"NAME": ":memory:"})
        with (
            mock.patch("perftests.load.server.process.connection", in_memory),
            self.assertRaisesRegex(ImproperlyConfigured, "lives in memory"),
        ):
            server_environment()
