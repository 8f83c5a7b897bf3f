import time
from concurrent.futures import ThreadPoolExecutor

from django.contrib.auth.models import User
from django.test import SimpleTestCase, TransactionTestCase, tag
from django.urls import Resolver404, resolve

from notifications.models import Delivery, Notification
from notifications.tickets import make_ticket
from perftests.load.clients.swarm import Swarm
from perftests.load.schedule.shapes import spike
from perftests.load.server.control import Control, ControlFailed, turn
from perftests.load.server.process import ServerProcess
from perftests.tests.waiting import wait_until

PONG = '{"type":"pong"}'


@tag("slow")
class ControlTests(TransactionTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.enterClassContext(ServerProcess())

    def setUp(self):
        self.control = Control(self.server.http_url)

    def swarm(self):
        return self.enterContext(Swarm(self.server.websocket_url))

    def test_control_sends_notifications_inside_the_server(self):
        users = [User.objects.create(username=name) for name in ("ada", "grace")]
        before_ns = time.perf_counter_ns()

        sent = self.control.notify([u.pk for u in users], "Hello", count=3, body="from inside")

        self.assertEqual(sent.ids, list(Notification.objects.values_list("pk", flat=True)[::-1]))
        self.assertEqual(Delivery.objects.count(), 6)
        self.assertEqual(
            set(Notification.objects.values_list("title", "body")), {("Hello", "from inside")}
        )
        stamps = [before_ns, *sent.committed_ns, time.perf_counter_ns()]
        self.assertEqual(stamps, sorted(stamps))
        self.assertEqual(len(sent.committed_ns), 3)

    def test_control_sends_at_a_fixed_rate(self):
        user = User.objects.create(username="ada")

        sent = self.control.notify([user.pk], count=5, per_second=100)

        gaps = [b - a for a, b in zip(sent.due_ns, sent.due_ns[1:], strict=False)]
        self.assertEqual(gaps, [10_000_000] * 4)
        self.assertTrue(
            all(c > d for c, d in zip(sent.committed_ns, sent.due_ns, strict=True)), sent
        )

    def test_control_sends_in_the_shape_it_is_given(self):
        user = User.objects.create(username="ada")

        sent = self.control.notify([user.pk], shape=spike(10, 4, seconds=0.6))

        gaps = [b - a for a, b in zip(sent.due_ns, sent.due_ns[1:], strict=False)]
        self.assertEqual([round(ns / 1e6) for ns in gaps], [100, 100, *[25] * 8, 100])
        self.assertEqual(Notification.objects.count(), len(sent.ids))

    def test_control_stops_what_is_being_sent(self):
        user = User.objects.create(username="ada")
        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(self.control.notify, [user.pk], count=6000, per_second=100)
            wait_until(Notification.objects.exists, 30, "the first")
            self.control.stop_sending()
            sent = sending.result(30)

        self.assertEqual(len(sent.ids), Notification.objects.count())
        self.assertEqual(len(sent.committed_ns), len(sent.ids))
        self.assertLess(len(sent.ids), 6000)

    def test_control_sends_all_it_is_asked_for_after_a_stop(self):
        user = User.objects.create(username="ada")
        self.control.stop_sending()
        self.assertEqual(len(self.control.notify([user.pk], count=3).ids), 3)

    def test_recipients_of_what_control_sends_can_take_turns(self):
        pks = [User.objects.create(username=name).pk for name in ("ada", "grace", "joan")]

        sent = self.control.notify(pks, count=3, each=2)

        stored = [
            sorted(Delivery.objects.filter(notification=pk).values_list("recipient", flat=True))
            for pk in sent.ids
        ]
        ada, grace, joan = pks
        self.assertEqual(stored, [[ada, grace], [ada, joan], [grace, joan]])
        self.assertEqual(stored, [sorted(turn(pks, 2, number)) for number in range(3)])

    def test_control_pushes_to_every_bare_socket(self):
        swarm = self.swarm()
        clients = swarm.connect_floor(4)

        self.assertEqual(self.control.floor_push(PONG, count=10), 40)

        swarm.wait_until(lambda: all(c.frames == 10 for c in clients), 30, "10 frames each")
        self.assertEqual({client.bytes for client in clients}, {10 * len(PONG)})

    def test_control_counts_live_objects_in_the_server_and_what_is_left_after_close(self):
        users = [User.objects.create(username=name) for name in ("ada", "grace")]
        swarm = self.swarm()
        clients = swarm.connect([make_ticket(user) for user in (*users, users[0])])
        self.assertEqual(len(clients), 3, swarm.failures)
        self.assertEqual(self.control.live(), {"consumers": 3, "sockets": 3, "users": 2})

        swarm.close()

        nothing = {"consumers": 0, "sockets": 0, "users": 0}
        wait_until(lambda: self.control.live() == nothing, 30, "nothing to be left")

    def test_control_counts_connections_until_the_last_has_left(self):
        user = User.objects.create(username="ada")
        swarm = self.swarm()
        swarm.connect_floor(1)  # has no application of the product
        clients = swarm.connect([make_ticket(user) for _ in range(3)])
        self.assertEqual(self.control.connected(), 3)

        swarm.call(clients[0].drop)

        wait_until(lambda: self.control.connected() == 2, 30, "the first to have left")
        with self.assertRaisesRegex(TimeoutError, "still has 2 connections"):
            self.control.await_empty(0.05)
        swarm.close()
        self.control.await_empty(30)
        self.assertEqual(self.control.connected(), 0)

    def test_control_counts_the_groups_of_the_channel_layer(self):
        users = [User.objects.create(username=name) for name in ("ada", "grace")]
        swarm = self.swarm()
        swarm.connect([make_ticket(user) for user in users])

        self.assertEqual(self.control.layer_groups(), 3)  # one of each user, one of all hubs

    def test_control_names_the_lines_of_code_that_keep_memory(self):
        user = User.objects.create(username="ada")
        swarm = self.swarm()
        self.control.trace()

        swarm.connect([make_ticket(user)])

        self.assertTrue(any(".py:" in line for line in self.control.grown()["lines"]))

    def test_control_counts_the_queries_of_the_server_and_no_others(self):
        user = User.objects.create(username="ada")
        before = self.control.queries()

        self.control.notify([user.pk], count=3)
        User.objects.filter(username="ada").exists()

        spent = self.control.queries() - before
        inserts = [n for sql, n in spent.items() if sql.startswith("INSERT INTO")]
        self.assertEqual(inserts, [3, 3])
        self.assertFalse([sql for sql in spent if '"username" =' in sql])

    def test_control_tells_what_the_counting_of_a_query_costs(self):
        self.control.notify([User.objects.create(username="ada").pk])

        self.assertTrue(0 < self.control.counting_seconds() < 100e-6)

    def test_control_counts_its_own_calls(self):
        self.control.live()
        self.control.cpu_seconds()

        self.assertEqual(self.control.calls, 2)

    def test_control_tells_the_cpu_time_of_the_server(self):
        before = self.control.cpu_seconds()
        self.control.live()
        spent = self.control.cpu_seconds() - before

        self.assertGreater(before, 0)
        self.assertTrue(0 < spent < 10, spent)

    def test_control_tells_the_cpu_time_of_the_event_loop_alone(self):
        user = User.objects.create(username="ada")
        loop, process = self.control.loop_cpu_seconds(), self.control.cpu_seconds()

        self.control.notify([user.pk], count=50)  # in a thread of its own

        in_loop = self.control.loop_cpu_seconds() - loop
        self.assertTrue(0 < in_loop < (self.control.cpu_seconds() - process) / 2, in_loop)

    def test_control_waits_until_the_bare_application_has_received_frames(self):
        swarm = self.swarm()
        clients = swarm.connect_floor(3)
        before = self.control.floor_receive()

        for client in clients:
            swarm.call(client.send, "anything")

        self.assertEqual(self.control.floor_receive(before + 3), before + 3)

    def test_control_does_not_wait_for_frames_for_ever(self):
        with self.assertRaisesRegex(ControlFailed, "floor_receive failed: TimeoutError"):
            self.control.floor_receive(1_000_000, timeout_seconds=0.05)

    def test_sending_on_a_schedule_is_waited_for_to_its_end(self):
        hasty = Control(self.server.http_url, timeout_seconds=1)
        user = User.objects.create(username="ada")
        sent = hasty.notify([user.pk], count=8, per_second=4)
        self.assertEqual(len(sent.ids), 8)
        self.assertEqual(hasty.floor_push("x", count=4, per_second=2), 0)

    def test_control_refuses_an_unknown_command_in_a_sentence(self):
        expected = r"There is no command 'stop'; there are notify, .*live, .*cpu\."
        with self.assertRaisesRegex(ControlFailed, expected):
            self.control.call("stop")

    def test_a_control_command_that_fails_says_why(self):
        with self.assertRaisesRegex(ControlFailed, "notify failed: Invalid.*level"):
            self.control.notify([1], level="loud")


class ProductUrlsTests(SimpleTestCase):
    def test_the_product_has_none_of_the_urls_that_serve_measuring(self):
        for path in ("/control/notify", "/floor/", "/rival/memory/"):
            with self.assertRaises(Resolver404):
                resolve(path)
