from types import SimpleNamespace

from channels.layers import get_channel_layer
from django.conf import settings
from django.test import SimpleTestCase, override_settings

from perftests.load.control import Sent
from perftests.measure.histogram import LatencyHistogram
from perftests.measure.results import Outcome
from perftests.measure.targets import Verdict
from perftests.suites.support import LoadTestCase, latencies_ns, offered_doubt, private_layer

REDIS = {
    "default": {
        "BACKEND": "notifications.layers.RedisChannelLayer",
        "CONFIG": {"hosts": ["redis://127.0.0.1:6379/5"]},
    }
}


def receiver(ids, *, duplicates=0, out_of_order=0):
    return SimpleNamespace(arrived_ids=ids, duplicates=duplicates, out_of_order=out_of_order)


class RecordingTests(SimpleTestCase):
    def setUp(self):
        self.test = LoadTestCase("run")

    def metrics(self):
        return {m.name: m for m in self.test.result(Outcome.COMPLETED, 1, "").metrics}

    def test_a_missing_delivery_fails(self):
        self.test.measure_accounting([([1, 2], receiver([1]))])
        self.assertEqual(self.metrics()["missing"].asked_verdict, Verdict.FAIL)
        self.assertEqual(self.metrics()["reach"].value, 50)

    def test_a_delivery_that_nobody_asked_for_fails(self):
        self.test.measure_accounting([([1], receiver([1, 2]))])
        self.assertEqual(self.metrics()["missing"].asked_verdict, Verdict.PASS)
        self.assertEqual(self.metrics()["unexpected"].asked_verdict, Verdict.FAIL)

    def test_repeats_miss_our_own_target_unless_connections_were_cut(self):
        expected = [([1], receiver([1], duplicates=2))]
        self.test.measure_accounting(expected)
        self.test.measure_accounting(expected, "cut: ", cut=True)
        self.assertEqual(self.metrics()["sent twice"].ours_verdict, Verdict.FAIL)
        self.assertIsNone(self.metrics()["cut: sent twice"].ours_verdict)

    def test_the_order_counts_where_it_is_asked_for(self):
        expected = [([1, 2], receiver([2, 1], out_of_order=1))]
        self.test.measure_accounting(expected)
        self.test.measure_accounting(expected, "strictly: ", in_order=True)
        self.assertIsNone(self.metrics()["out of order"].ours_verdict)
        self.assertEqual(self.metrics()["strictly: out of order"].ours_verdict, Verdict.FAIL)

    def test_a_percentile_without_enough_samples_beyond_it_has_no_value(self):
        self.test.measure_latency("latency", [1_000_000] * 1000, ours_p99="< 50")
        metrics = self.metrics()
        self.assertEqual(metrics["latency p99"].ours_verdict, Verdict.PASS)
        self.assertIsNone(metrics["latency p99.9"].value)
        self.assertEqual(metrics["latency p99.9"].doubt, "only 1000 samples")

    def test_it_stores_the_whole_distribution(self):
        self.test.measure_latency("latency", [1_000_000] * 20)
        histogram = self.test.result(Outcome.COMPLETED, 1, "").histograms["latency"]
        self.assertEqual(LatencyHistogram.decode(histogram).count, 20)


class LatencyTests(SimpleTestCase):
    def test_it_counts_from_the_beginning_that_each_notification_has(self):
        client = SimpleNamespace(arrived_ids=[1, 2, 3], arrived_ns=[10, 25, 99])
        self.assertEqual(latencies_ns([client], {1: 5, 2: 10}), [5, 15])

    def test_an_arrival_before_the_beginning_was_noted_took_no_time(self):
        client = SimpleNamespace(arrived_ids=[1], arrived_ns=[10])
        self.assertEqual(latencies_ns([client], {1: 11}), [0])

    def test_a_schedule_that_was_kept_is_not_doubted(self):
        second = 1_000_000_000
        sent = Sent(ids=[1, 2], due_ns=[0, second], committed_ns=[100, second + 5_000_000])
        self.assertEqual(offered_doubt(sent), "")

    def test_a_sender_that_fell_behind_is_doubted(self):
        second = 1_000_000_000
        sent = Sent(ids=[1, 2], due_ns=[0, second], committed_ns=[100, 2 * second])
        self.assertEqual(offered_doubt(sent), "only 50 % of the offered rate was reached")


class PrivateLayerTests(SimpleTestCase):
    @override_settings(CHANNEL_LAYERS=REDIS)
    def test_a_shared_redis_gets_a_prefix_that_only_this_process_knows(self):
        with private_layer():
            prefix = settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"]
            self.assertRegex(prefix, r"^perf-\d+$")
            self.assertEqual(get_channel_layer().prefix, prefix)
        self.assertEqual(settings.CHANNEL_LAYERS, REDIS)

    def test_a_layer_without_hosts_is_left_as_it_is(self):
        layers = {"default": {"BACKEND": "notifications.layers.InProcessChannelLayer"}}
        with override_settings(CHANNEL_LAYERS=layers), private_layer():
            self.assertEqual(settings.CHANNEL_LAYERS, layers)
