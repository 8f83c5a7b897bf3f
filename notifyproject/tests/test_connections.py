import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from unittest import skipUnless
from urllib.parse import urlencode

import psycopg
from django.conf import settings
from django.test import SimpleTestCase, tag
from websockets.sync.client import connect

from perftests.load.server.process import ServerProcess
from perftests.load.services.postgres import PrivatePostgres
from perftests.load.services.programs import has_program
from perftests.processes.system import HOST

REQUESTS = 300
AT_ONCE = 12
POOL = 10
HUBS = 3
"""At a time: one that its last socket has left closes while the next one opens."""
TIMEOUT_SECONDS = 300

USER_WITH_SESSION = """
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client
client = Client()
client.force_login(get_user_model().objects.create_superuser("ada"))
print(client.cookies[settings.SESSION_COOKIE_NAME].value)
"""

FROM_THREADS = """
import threading
from django.contrib.auth import get_user_model
from django.db import connection
from notifications.models import Notification
from notifications.send import notify
sent = []
def send(number):
    try:
        sent.append(notify(get_user_model().objects.all(), f"n{number}").pk)
    except Exception as error:
        print(error)
threads = [threading.Thread(target=send, args=[number]) for number in range(50)]
for thread in threads: thread.start()
for thread in threads: thread.join()
with connection.cursor() as cursor:
    cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")
    [[count]] = cursor.fetchall()
print(len(sent), count)
"""


@tag("own_database", "slow")
@skipUnless(has_program("postgres"), "PostgreSQL is not installed")
class DatabaseConnectionTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.database = cls.enterClassContext(PrivatePostgres())
        cls.manage("migrate", "-v0")
        cls.session = cls.manage("shell", "-v0", "-c", USER_WITH_SESSION)

    @classmethod
    def environment(cls):
        return {
            "DJANGO_SETTINGS_MODULE": "notifyproject.settings",
            "DATABASE_URL": cls.database.url,
            "REDIS_URL": "",
        }

    @classmethod
    def manage(cls, *arguments):
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env={**os.environ, **cls.environment()},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def count(self):
        """The server's connections, without those of whoever asks."""
        with psycopg.connect(self.database.url, application_name="asking") as connection:
            [[count]] = connection.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND application_name <> 'asking'"
            ).fetchall()
        return count

    def test_hundreds_of_requests_hold_no_more_connections_than_pool_and_hubs(self):
        for server in ("daphne", "uvicorn"):
            with self.subTest(server):
                application = "notifyproject.asgi:application"
                with ServerProcess(
                    server, application=application, environment=self.environment()
                ) as process:
                    self.most = 0
                    with ThreadPoolExecutor(AT_ONCE) as pool:
                        statuses = list(pool.map(self.ask(process.port), range(REQUESTS)))
                    self.assertEqual(set(statuses), {101, 200, 302})
                    self.assertLessEqual(max(self.most, self.count()), POOL + HUBS)

    def ask(self, port):
        cookies = f"sessionid={self.session}; csrftoken={'x' * 32}"
        local = threading.local()

        def one(number):
            if number % 50 == 0:
                self.most = max(self.most, self.count())
            if number % 10 == 9:
                url = f"ws://{HOST}:{port}/ws/notifications/"
                headers = {"Cookie": cookies}
                with connect(url, additional_headers=headers, origin=f"http://{HOST}") as socket:
                    assert '"hello"' in socket.recv(TIMEOUT_SECONDS)
                return 101
            if not hasattr(local, "http"):
                local.http = HTTPConnection(HOST, port, timeout=TIMEOUT_SECONDS)
            return request(local.http, number, cookies)

        return one

    def test_threads_that_send_and_end_leave_their_connections_to_the_pool(self):
        self.assertRegex(self.manage("shell", "-v0", "-c", FROM_THREADS), r"^50 ([1-9]|10)$")


def request(http, number, cookies):
    path = ("/", "/mine/", "/admin/perftests/", "/admin/")[number % 4]
    headers = {"Cookie": cookies}
    if number % 5 == 0:
        body = urlencode({"title": "n", "level": "info", "csrfmiddlewaretoken": "x" * 32})
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        http.request("POST", "/mine/test/", body, headers)
    else:
        http.request("GET", path, headers=headers)
    answer = http.getresponse()
    answer.read()
    return answer.status
