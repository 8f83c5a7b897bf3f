import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from django.test import SimpleTestCase

from perftests.load.clients.arrivals import late_ns
from perftests.load.clients.client import Listener, NotificationClient
from perftests.load.clients.meter import MOST_TIMED, SwarmMeter
from perftests.measure.meters import Counted


def frame(made):
    return f'{{"type":"notification","id":1,"created_at":"{made.isoformat()}"}}'.encode()


class SwarmMeterTests(SimpleTestCase):
    def setUp(self):
        self.clients = [NotificationClient("ws://example.org") for _ in range(3)]
        self.swarm = SimpleNamespace(clients=self.clients, connect_ns=[])
        self.meter = SwarmMeter(self.swarm)

    def arrive(self, id_):
        for client in self.clients:
            client.note_arrivals([id_], time.perf_counter_ns())

    def counted(self):
        return {each.kind: each for each in self.meter.counted()}

    def test_a_swarm_counts_the_messages_of_all_clients_since_it_was_asked_last(self):
        self.arrive(1)
        self.assertEqual(self.counted(), {"messages": Counted("messages", 3, [])})
        self.arrive(1)  # twice, which is dropped
        self.arrive(2)
        self.assertEqual(self.counted()["messages"].count, 3)
        self.assertEqual(self.counted()["messages"].count, 0)

    def test_a_swarm_to_which_nothing_has_come_says_nothing(self):
        self.assertEqual(self.counted(), {})

    def test_a_swarm_whose_clients_were_replaced_by_new_ones_counts_none_below_0(self):
        self.arrive(1)
        self.counted()
        self.swarm.clients = []
        self.assertEqual(self.counted()["messages"].count, 0)

    def test_connections_are_told_with_their_times(self):
        self.swarm.connect_ns += [5, 6]
        self.assertEqual(self.counted(), {"connections": Counted("connections", 2, [5, 6])})

    def test_timed_clients_have_their_notes_told_with_the_next_reading_and_once(self):
        self.counted()
        self.clients[0].late_ns.append(7)
        self.arrive(1)
        self.assertEqual(self.counted()["messages"].nanoseconds, [7])
        self.assertEqual(self.counted()["messages"].nanoseconds, [])

    def test_few_clients_are_timed_however_many_there_are(self):
        self.swarm.clients = [NotificationClient("ws://example.org") for _ in range(200)]
        for _ in range(3):
            self.counted()
            timed = [client for client in self.swarm.clients if client.late_ns is not None]
            self.assertEqual(len(timed), MOST_TIMED)

    def test_reading_a_thousand_clients_takes_less_than_a_hundredth_of_a_second(self):
        self.swarm.clients = self.clients = [NotificationClient("ws://x") for _ in range(1000)]
        self.arrive(1)
        begun = time.thread_time()
        self.assertEqual(self.counted()["messages"].count, 1000)
        self.assertLess(time.thread_time() - begun, 0.01)

    def test_clients_of_another_server_are_counted_by_frames_and_not_timed(self):
        self.swarm.clients = [listener] = [Listener("ws://example.org")]
        listener.frames = 4
        self.assertEqual(self.counted(), {"messages": Counted("messages", 4, [])})
        self.assertIsNone(listener.late_ns)


class LateTests(SimpleTestCase):
    def test_a_notification_is_late_by_the_time_since_its_date(self):
        late = late_ns(frame(datetime.now(UTC) - timedelta(seconds=2)))
        self.assertGreaterEqual(late, 2e9)
        self.assertLess(late, 30e9)

    def test_a_notification_of_a_clock_that_is_ahead_is_not_late(self):
        self.assertEqual(late_ns(frame(datetime.now(UTC) + timedelta(seconds=5))), 0)
