import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from django.test import SimpleTestCase, tag

from perftests.load.clients.health import Watch
from perftests.load.clients.swarm import Swarm
from perftests.load.server.process import ServerProcess
from perftests.processes.system import HOST, free_port


@tag("slow")
class SwarmTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.enterClassContext(
            ServerProcess("uvicorn", application="perftests.tests.bare_asgi:application")
        )

    def setUp(self):
        self.swarm = self.enterContext(Swarm(self.server.websocket_url))

    def test_a_swarm_connects_many_clients_and_times_each(self):
        clients = self.swarm.connect_floor(50, concurrency=10)

        self.assertEqual(len(clients), 50)
        self.assertTrue(all(client.connected for client in clients))
        self.assertEqual(len(self.swarm.connect_ns), 50)
        handshakes = [client.handshake_ns for client in clients]
        self.assertLess(0, min(handshakes))
        self.assertLessEqual(sum(handshakes), sum(self.swarm.connect_ns))
        self.assertEqual(self.swarm.failures, {})

    def test_a_swarm_counts_clients_that_fail_to_connect_and_raises_nothing(self):
        with Swarm(f"ws://{HOST}:{free_port()}") as swarm:
            self.assertEqual(swarm.connect(["a", "b", "c"]), [])
            self.assertEqual(sum(swarm.failures.values()), 3)
            self.assertEqual(swarm.connect_ns, [])

    def test_a_swarm_connects_dropped_clients_again(self):
        clients = self.swarm.connect_floor(5)
        for client in clients[:2]:
            self.swarm.call(client.drop)
        self.swarm.wait_until(lambda: not clients[1].connected, 30, "the drop")

        self.assertEqual(len(self.swarm.connect_clients(clients[:2])), 2)
        self.assertTrue(all(client.connected for client in clients))
        self.assertEqual(len(self.swarm.clients), 5)

    def test_a_wait_of_a_swarm_that_fails_says_what_for_and_how_far_it_came(self):
        self.swarm.connect_floor(2)
        expected = (
            r"Waited 0\.05 seconds for 3 clients: 2 of 2 clients are connected, "
            r"0 frames and 0 notifications have arrived\."
        )
        with self.assertRaisesRegex(TimeoutError, expected):
            self.swarm.wait_until(lambda: len(self.swarm.clients) == 3, 0.05, "3 clients")

    def test_an_error_in_the_condition_of_a_wait_reaches_the_caller(self):
        with self.assertRaises(ZeroDivisionError):
            self.swarm.wait_until(lambda: 1 / 0 > 1, 30, "the impossible")

    def test_closing_a_swarm_closes_its_clients_and_ends_its_thread(self):
        with Swarm(self.server.websocket_url) as swarm:
            clients = swarm.connect_floor(3)
            self.assertTrue(swarm._thread.is_alive())

        self.assertFalse(swarm._thread.is_alive())
        self.assertEqual({client.close_code for client in clients}, {1000})

    def test_closing_a_swarm_twice_is_no_error(self):
        self.swarm.close()
        self.swarm.close()


@tag("slow")
class WatchedSwarmTests(SimpleTestCase):
    def setUp(self):
        self.swarm = self.enterContext(Swarm(""))

    def test_a_swarm_doubts_numbers_from_a_saturated_thread(self):
        with self.swarm.watch() as watch:
            self.swarm.call(burn_cpu, 0.12)

        self.assertRegex(by_itself(watch).doubt, r"was busy \d+ % of second 1 \(its thread\)")

    def test_a_swarm_does_not_doubt_numbers_from_an_idle_thread(self):
        with self.swarm.watch() as watch:
            threading.Event().wait(0.15)

        self.assertLess(watch.busy, 0.8)
        self.assertEqual(watch.saturation, "")

    def test_a_swarm_whose_loop_stood_still_doubts_times_and_no_costs(self):
        with self.swarm.watch() as watch:
            self.swarm.call(time.sleep, 0.4)
            threading.Event().wait(0.4)

        self.assertGreaterEqual(watch.stalled, 0.3)
        self.assertRegex(watch.doubt, r"stood still \d+ % of the time, at most \d+ ms at once")
        self.assertEqual(watch.saturation, "")

    def test_other_threads_that_keep_the_process_busy_are_a_doubt(self):
        with self.swarm.watch() as watch, ThreadPoolExecutor(4) as pool:
            for _ in range(4):
                pool.submit(burn_cpu_without_the_interpreter, 0.1)

        self.assertRegex(by_itself(watch).doubt, r"was busy \d+ % of second \d+ \(its process\)")


def by_itself(watch):
    """As it would have been seen on a machine that does nothing else."""
    return Watch(replace(reading, at=reading.process) for reading in watch._readings)


def burn_cpu(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def burn_cpu_without_the_interpreter(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        hashlib.sha256(b"x" * 10_000_000)
