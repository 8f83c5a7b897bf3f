import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from django.test import SimpleTestCase, tag

from perftests.load.web.requests import Request, send
from perftests.processes.system import HOST, free_port

EVERY_20_MS = [20_000_000 * number for number in range(10)]


@contextmanager
def slow_server(seconds):
    """The address of one that answers each request so long after it has come."""
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            ended.wait(seconds)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *text):
            pass

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://{HOST}:{server.server_port}/"
        finally:
            ended.set()
            server.shutdown()
            thread.join()


def get(url, timeout_seconds=10):
    return send(Request("GET", url, 200), [{}], EVERY_20_MS, timeout_seconds)


@tag("slow")
class RequestTests(SimpleTestCase):
    def test_no_request_waits_for_the_answer_of_another_one(self):
        begun = time.monotonic()
        with slow_server(0.5) as url:
            answers = get(url)

        self.assertEqual((answers.metrics.succeeded, answers.failures), (10, {}))
        self.assertGreaterEqual(answers.metrics.summary().minimum, 500)
        self.assertLess(time.monotonic() - begun, 10 * 0.5)

    def test_an_answer_that_does_not_come_in_time_is_a_failure(self):
        with slow_server(5) as url:
            answers = get(url, timeout_seconds=0.3)
        self.assertEqual(answers.failures, {"no answer in time": 10})

    def test_a_server_that_is_not_there_is_a_failure_of_each_request(self):
        answers = get(f"http://{HOST}:{free_port()}/")
        self.assertEqual(answers.failures, {"ClientConnectorError": 10})
        self.assertEqual(answers.metrics.failed, 10)
