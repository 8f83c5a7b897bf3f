import threading
import time

from django.test import SimpleTestCase

from perftests.load.server import ServerProcess
from perftests.load.swarm import Swarm
from perftests.load.system import HOST, free_port


class SwarmTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.enterClassContext(
            ServerProcess("uvicorn", application="perftests.tests.bare_asgi:application")
        )

    def setUp(self):
        self.swarm = self.enterContext(Swarm(self.server.websocket_url))

    def test_it_connects_many_and_times_each(self):
        clients = self.swarm.connect_floor(50, concurrency=10)

        self.assertEqual(len(clients), 50)
        self.assertTrue(all(client.connected for client in clients))
        self.assertEqual(len(self.swarm.connect_ns), 50)
        handshakes = [client.handshake_ns for client in clients]
        self.assertLess(0, min(handshakes))
        self.assertLessEqual(sum(handshakes), sum(self.swarm.connect_ns))
        self.assertEqual(self.swarm.failures, {})

    def test_it_counts_those_that_fail_and_raises_nothing(self):
        with Swarm(f"ws://{HOST}:{free_port()}") as swarm:
            self.assertEqual(swarm.connect(["a", "b", "c"]), [])
            self.assertEqual(sum(swarm.failures.values()), 3)
            self.assertEqual(swarm.connect_ns, [])

    def test_it_connects_dropped_clients_again(self):
        clients = self.swarm.connect_floor(5)
        for client in clients[:2]:
            self.swarm.call(client.drop)
        self.swarm.wait_until(lambda: not clients[1].connected, 5, "the drop")

        self.assertEqual(len(self.swarm.connect_clients(clients[:2])), 2)
        self.assertTrue(all(client.connected for client in clients))
        self.assertEqual(len(self.swarm.clients), 5)

    def test_a_wait_that_fails_says_what_for_and_how_far_it_came(self):
        self.swarm.connect_floor(2)
        expected = (
            r"Waited 0\.05 seconds for 3 clients: 2 of 2 clients are connected, "
            r"0 frames and 0 notifications have arrived\."
        )
        with self.assertRaisesRegex(TimeoutError, expected):
            self.swarm.wait_until(lambda: len(self.swarm.clients) == 3, 0.05, "3 clients")

    def test_a_condition_that_raises_is_raised_here(self):
        with self.assertRaises(ZeroDivisionError):
            self.swarm.wait_until(lambda: 1 / 0 > 1, 5, "the impossible")

    def test_it_doubts_numbers_from_a_saturated_thread(self):
        # Again when another process took the core meanwhile; the shorter, the seldomer it does.
        for _ in range(200):
            with self.swarm.watch() as watch:
                self.swarm.call(burn_cpu, 0.01)
            if watch.busy > 0.8:
                break

        self.assertGreater(watch.busy, 0.8)
        self.assertRegex(watch.doubt, r"the load generator was busy \d+ % of the time")

    def test_it_does_not_doubt_an_idle_thread(self):
        with self.swarm.watch() as watch:
            threading.Event().wait(0.05)

        self.assertLess(watch.busy, 0.8)
        self.assertEqual(watch.doubt, "")

    def test_closing_it_closes_the_clients_and_ends_the_thread(self):
        before = threading.active_count()
        with Swarm(self.server.websocket_url) as swarm:
            clients = swarm.connect_floor(3)
            self.assertEqual(threading.active_count(), before + 1)

        self.assertEqual(threading.active_count(), before)
        self.assertEqual({client.close_code for client in clients}, {1000})

    def test_closing_it_twice_is_no_error(self):
        self.swarm.close()
        self.swarm.close()


def burn_cpu(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass
