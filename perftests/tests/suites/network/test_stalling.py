from types import SimpleNamespace

from django.test import SimpleTestCase

from perftests.load.server.control import Sent
from perftests.suites.network.stalling import (
    SETTINGS,
    STALL_SECONDS,
    caught_up_seconds,
)

SECOND = 1_000_000_000


def client(**arrived):
    ids = [int(name.removeprefix("n")) for name in arrived]
    return SimpleNamespace(arrived_ids=ids, arrived_ns=list(arrived.values()))


class StallingTests(SimpleTestCase):
    def test_a_stall_is_too_short_for_the_server_to_close_and_a_freeze_is_not(self):
        self.assertLess(5 * STALL_SECONDS, SETTINGS["ACK_TIMEOUT_SECONDS"])
        self.assertLess(SETTINGS["HEARTBEAT_TIMEOUT_SECONDS"], 30)

    def test_catching_up_ends_with_the_last_arrival_of_what_was_sent_before_the_thaw(self):
        sent = Sent(ids=[1, 2, 3], due_ns=[0, 0, 0], committed_ns=[0, SECOND, 11 * SECOND])
        clients = [
            client(n1=10 * SECOND, n2=12 * SECOND, n3=99 * SECOND),
            client(n1=13 * SECOND),
        ]
        self.assertEqual(caught_up_seconds(clients, sent, 10 * SECOND), 3)

    def test_a_client_with_nothing_to_catch_up_with_takes_no_time(self):
        sent = Sent(ids=[1], due_ns=[0], committed_ns=[0])
        self.assertEqual(caught_up_seconds([client(n1=SECOND)], sent, 10 * SECOND), 0)
        self.assertEqual(caught_up_seconds([], sent, 10 * SECOND), 0)
