from types import SimpleNamespace

from django.conf import settings
from django.test import SimpleTestCase

from perftests.load.control import Sent
from perftests.load.shaping import LinkProfile
from perftests.measure.results import Series
from perftests.suites.shaped import SLACK_MS, link_doubt
from perftests.suites.stalling import SETTINGS, STALL_SECONDS, caught_up_seconds, peak_uss_bytes

SECOND = 1_000_000_000
NARROW = LinkProfile("narrow", round_trip_ms=100, jitter_ms=20, down_kbit=800)
"""1,000 bytes take it 50 + 10 + 10 ms."""


def client(**arrived):
    ids = [int(name.removeprefix("n")) for name in arrived]
    return SimpleNamespace(arrived_ids=ids, arrived_ns=list(arrived.values()))


class LinkDoubtTests(SimpleTestCase):
    def test_a_link_as_fast_as_its_profile_is_trusted(self):
        self.assertEqual(link_doubt(70 + SLACK_MS - 0.1, NARROW, 1000), "")

    def test_a_slower_one_is_doubted(self):
        doubt = link_doubt(70 + SLACK_MS + 1, NARROW, 1000)
        self.assertEqual(doubt, "the link took 96 ms, where its profile says 70 ms")

    def test_the_limit_is_the_documented_one(self):
        text = (settings.BASE_DIR / "docs" / "measuring.md").read_text()
        self.assertIn(f"the bare messages alone take {SLACK_MS} ms longer", " ".join(text.split()))


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

    def test_nothing_to_catch_up_with_takes_no_time(self):
        sent = Sent(ids=[1], due_ns=[0], committed_ns=[0])
        self.assertEqual(caught_up_seconds([client(n1=SECOND)], sent, 10 * SECOND), 0)
        self.assertEqual(caught_up_seconds([], sent, 10 * SECOND), 0)

    def test_the_peak_is_the_largest_sample_in_bytes(self):
        series = [
            Series("server rss", "MB", (0, 1), (90, 90)),
            Series("server uss", "MB", (0, 1, 2), (50, 61.5, 60)),
        ]
        monitor = SimpleNamespace(name="server", series=lambda: series)
        self.assertEqual(peak_uss_bytes(monitor), 61_500_000)
