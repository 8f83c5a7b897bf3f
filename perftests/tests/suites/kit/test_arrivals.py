from types import SimpleNamespace

from django.test import SimpleTestCase

from perftests.load.server.control import Sent
from perftests.measure.histogram import LatencyHistogram
from perftests.records.results import Outcome
from perftests.records.targets import Verdict
from perftests.suites.kit.arrivals import (
    ATTEMPTS,
    busy_doubt,
    latencies_ns,
    measure_accounting,
    measure_latency,
    offered_doubt,
    undisturbed,
)
from perftests.testcases import PerformanceTestCase


def receiver(ids, *, duplicates=0, out_of_order=0):
    return SimpleNamespace(arrived_ids=ids, duplicates=duplicates, out_of_order=out_of_order)


class LoadRecordingTests(SimpleTestCase):
    def setUp(self):
        self.test = PerformanceTestCase("run")

    def metrics(self):
        return {m.name: m for m in self.test.result(Outcome.COMPLETED, 1, "").metrics}

    def test_a_missing_delivery_misses_a_required_target(self):
        measure_accounting(self.test, [([1, 2], receiver([1]))])
        self.assertEqual(self.metrics()["missing"].required_verdict, Verdict.FAIL)
        self.assertEqual(self.metrics()["reach"].value, 50)

    def test_an_unexpected_delivery_misses_a_required_target(self):
        measure_accounting(self.test, [([1], receiver([1, 2]))])
        self.assertEqual(self.metrics()["missing"].required_verdict, Verdict.PASS)
        self.assertEqual(self.metrics()["unexpected"].required_verdict, Verdict.FAIL)

    def test_repeated_deliveries_miss_a_required_target_unless_connections_were_cut(self):
        expected = [([1], receiver([1], duplicates=2))]
        measure_accounting(self.test, expected)
        measure_accounting(self.test, expected, "cut: ", cut=True)
        self.assertEqual(self.metrics()["sent twice"].required_verdict, Verdict.FAIL)
        self.assertIsNone(self.metrics()["cut: sent twice"].required_verdict)

    def test_deliveries_out_of_order_miss_a_required_target_unless_they_may_be(self):
        expected = [([1, 2], receiver([2, 1], out_of_order=1))]
        measure_accounting(self.test, expected)
        measure_accounting(self.test, expected, "several senders: ", in_order=False)
        self.assertEqual(self.metrics()["out of order"].required_verdict, Verdict.FAIL)
        self.assertIsNone(self.metrics()["several senders: out of order"].required_verdict)

    def test_a_percentile_without_enough_samples_beyond_it_has_no_value(self):
        measure_latency(self.test, "latency", [1_000_000] * 1000, sends=1000, goal_p99="< 50")
        metrics = self.metrics()
        self.assertEqual(metrics["latency p99"].goal_verdict, Verdict.PASS)
        self.assertIsNone(metrics["latency p99.9"].value)
        self.assertIn("too few sends: 1,000", metrics["latency p99.9"].doubt)

    def test_a_thousand_receivers_of_one_broadcast_are_one_sample(self):
        samples = [1_000_000] * 100_000
        targets = {"required_p50": "< 20", "goal_p99": "< 50"}
        measure_latency(self.test, "latency", samples, sends=100, **targets)
        metrics = self.metrics()
        self.assertEqual(metrics["latency p50"].required_verdict, Verdict.PASS)
        self.assertEqual(metrics["latency p99"].goal_verdict, Verdict.INCONCLUSIVE)
        doubt = "too few sends: 100, where p99 takes 1,000"
        self.assertEqual(metrics["latency p99"].undecided, doubt)

    def test_the_whole_distribution_of_latencies_is_recorded(self):
        measure_latency(self.test, "latency", [1_000_000] * 20, sends=20)
        histogram = self.test.result(Outcome.COMPLETED, 1, "").histograms["latency"]
        self.assertEqual(LatencyHistogram.decode(histogram).count, 20)


class LatencyTests(SimpleTestCase):
    def test_latency_counts_from_the_beginning_that_each_notification_has(self):
        client = SimpleNamespace(arrived_ids=[1, 2, 3], arrived_ns=[10, 25, 99])
        self.assertEqual(latencies_ns([client], {1: 5, 2: 10}), [5, 15])

    def test_an_arrival_before_the_beginning_was_noted_took_no_time(self):
        client = SimpleNamespace(arrived_ids=[1], arrived_ns=[10])
        self.assertEqual(latencies_ns([client], {1: 11}), [0])

    def sent(self, delay_ns):
        """Ten sends a second for three seconds, of which each was late by as much as it says."""
        due_ns = [number * 100_000_000 for number in range(30)]
        committed_ns = [ns + delay_ns(ns / 1e9) for ns in due_ns]
        return Sent(ids=list(range(30)), due_ns=due_ns, committed_ns=committed_ns)

    def test_a_schedule_that_was_kept_is_not_doubted(self):
        self.assertEqual(offered_doubt(self.sent(lambda second: 5_000_000)), "")

    def test_a_sender_that_fell_behind_is_doubted(self):
        behind = self.sent(lambda second: int(second * 1e9))
        self.assertEqual(offered_doubt(behind), "only 6 of 10 sends of second 1 were made in time")

    def test_a_sender_without_time_to_spare_is_doubted(self):
        busy = self.sent(lambda second: 85_000_000)
        self.assertEqual(busy_doubt(busy), "the sender was busy for 85% of second 1")
        self.assertEqual(offered_doubt(busy), "")

    def test_a_sender_that_falls_behind_is_busy_all_the_time(self):
        behind = self.sent(lambda second: int(1e8 + second * 2e8))
        self.assertEqual(busy_doubt(behind), "the sender was busy for 100% of second 1")

    def test_a_sender_is_busy_only_while_it_works(self):
        late = self.sent(lambda second: 20_000_000 + 90_000_000 * (round(second * 10) % 5 == 0))
        self.assertEqual(busy_doubt(late), "")

    def test_a_sender_that_stood_still_and_caught_up_is_doubted_for_that_second(self):
        stalled = self.sent(lambda second: max(0, int((2.5 - second) * 1e9)) if second >= 1 else 0)
        self.assertEqual(stalled.committed_ns[-1], stalled.due_ns[-1])
        self.assertEqual(offered_doubt(stalled), "only 0 of 10 sends of second 2 were made in time")


class UndisturbedTests(SimpleTestCase):
    def measured(self, *doubts):
        """What numbered measurements with these doubts come to."""
        measurements = enumerate(doubts)
        return undisturbed(lambda: next(measurements))

    def test_a_measurement_in_doubt_is_repeated_until_there_is_no_doubt(self):
        self.assertEqual(self.measured("it stood still", "", "never"), (1, ""))

    def test_a_measurement_without_a_doubt_is_made_once(self):
        self.assertEqual(self.measured("", "never"), (0, ""))

    def test_a_measurement_that_stays_in_doubt_is_made_three_times_and_keeps_the_last_doubt(self):
        self.assertEqual(ATTEMPTS, 3)
        self.assertEqual(self.measured("a", "b", "c", "never"), (2, "c"))
