import os
from collections import Counter
from types import SimpleNamespace
from unittest import mock

from django.test import SimpleTestCase

from notifications.wire import protocol
from perftests.records.results import Outcome
from perftests.records.targets import Verdict
from perftests.suites.kit.counted import idle
from perftests.suites.kit.counted.left import SPARE, Left, measure_left
from perftests.suites.kit.counted.wire import Wire, measure_wire
from perftests.testcases import PerformanceTestCase


def client(*, frames, size, arrived, pongs=0):
    ids, types = list(range(arrived)), Counter(pong=pongs)
    return SimpleNamespace(frames=frames, bytes=size, arrived_ids=ids, duplicates=0, types=types)


class ServerCountTests(SimpleTestCase):
    def setUp(self):
        self.test = PerformanceTestCase("run")

    def verdicts(self):
        metrics = self.test.result(Outcome.COMPLETED, 1, "").metrics
        return {metric.name: metric.required_verdict for metric in metrics}

    def test_a_frame_too_many_for_each_notification_misses_a_required_target(self):
        before = Wire.read([client(frames=1, size=100, arrived=0)])
        measure_wire(self.test, [client(frames=21, size=2_100, arrived=10)], before)
        self.assertEqual(
            self.verdicts(),
            {
                "frames for a notification": Verdict.FAIL,
                "bytes for a notification": Verdict.PASS,
            },
        )

    def test_frames_that_grow_miss_a_required_target(self):
        before = Wire.read([client(frames=1, size=100, arrived=0)])
        measure_wire(self.test, [client(frames=11, size=9_100, arrived=10)], before)
        self.assertIs(self.verdicts()["bytes for a notification"], Verdict.FAIL)

    def test_answers_to_a_heartbeat_are_no_frames_of_notifications(self):
        before = Wire.read([client(frames=1, size=100, arrived=0)])
        size = 1_100 + 5 * len(protocol.PONG)
        after = [client(frames=16, size=size, arrived=10, pongs=5)]
        self.assertEqual(Wire.read(after), Wire(frames=11, bytes=1_100, notifications=10))
        measure_wire(self.test, after, before)
        self.assertEqual(set(self.verdicts().values()), {Verdict.PASS})

    def test_the_statements_of_an_idle_server_are_counted_by_the_second(self):
        readings = iter([Counter({"SELECT 1": 1}), Counter({"SELECT 1": 100})])
        control = SimpleNamespace(queries=lambda: next(readings), cpu_seconds=lambda: 1.0)
        with mock.patch.object(idle, "IDLE_SECONDS", 0.01):
            idle.measure_idle(self.test, SimpleNamespace(control=control))
        self.assertEqual(
            self.verdicts(),
            {"statements while idle": Verdict.FAIL, "CPU while idle": Verdict.PASS},
        )

    def test_live_objects_and_a_file_for_every_client_miss_required_targets_after_close(self):
        control = SimpleNamespace(live=lambda: {"sockets": 1, "users": 0})
        server = SimpleNamespace(control=control, pid=os.getpid())
        now = Left.read(server)
        measure_left(self.test, server, Left(now.threads, now.files - SPARE - 1))
        self.assertEqual(
            self.verdicts(),
            {
                "live sockets after close": Verdict.FAIL,
                "live users after close": Verdict.PASS,
                "more threads after close": Verdict.PASS,
                "more files after close": Verdict.FAIL,
            },
        )
