from types import SimpleNamespace

from django.test import SimpleTestCase
from hypothesis import given
from hypothesis import strategies as st

from perftests.records.results import Outcome
from perftests.records.targets import Verdict
from perftests.suites.kit.counted.overtaking import MARGIN_NS, count_overtaken, measure_overtaken
from perftests.testcases import PerformanceTestCase

MS = 1_000_000


class OvertakenPushesTests(SimpleTestCase):
    @given(st.lists(st.integers(0, 1000), max_size=50), st.integers(0, 10**9))
    def test_pushes_that_stall_and_keep_their_order_are_never_overtaken(self, gaps, stall_ns):
        committed = [sum(gaps[:n]) * MS for n in range(len(gaps))]
        arrivals = [(moment, max(moment, stall_ns)) for moment in committed]
        self.assertEqual(count_overtaken(arrivals), 0)

    def test_an_arrival_long_after_that_of_a_later_commit_was_overtaken(self):
        arrivals = [(0, 2 * MARGIN_NS + 1), (MS, MARGIN_NS), (2 * MS, 2 * MARGIN_NS)]
        self.assertEqual(count_overtaken(arrivals), 1)

    def test_a_receiver_who_gets_a_notification_after_others_got_the_next_was_overtaken(self):
        arrivals = [(0, MS)] * 5 + [(0, 3 * MS + MARGIN_NS)] + [(MS, 2 * MS)] * 5
        self.assertEqual(count_overtaken(arrivals), 1)

    def test_a_stop_in_the_middle_of_a_notification_for_many_overtakes_nobody(self):
        arrivals = [(0, MS)] * 5 + [(0, MS + 2 * MARGIN_NS)] * 5
        later = [(MS, 2 * MS + 2 * MARGIN_NS)] * 10
        self.assertEqual(count_overtaken(arrivals + later), 0)

    def test_overtaken_pushes_miss_a_required_target_as_a_share_of_all(self):
        test = PerformanceTestCase("run")
        clients = [
            SimpleNamespace(arrived_ids=[1, 2], arrived_ns=[2 * MARGIN_NS, MS]),
            SimpleNamespace(arrived_ids=[2, 3], arrived_ns=[MS, 2 * MS]),
        ]
        measure_overtaken(test, clients, {1: 0, 2: 1})
        [metric] = test.result(Outcome.COMPLETED, 1, "").metrics
        self.assertAlmostEqual(metric.value, 100 / 3)
        self.assertEqual(metric.required_verdict, Verdict.FAIL)
