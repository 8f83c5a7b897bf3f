import os
from unittest import mock

from django.conf import settings
from django.test import SimpleTestCase, override_settings

from perftests.records.results import Outcome
from perftests.records.targets import Target
from perftests.suites.engine.case import EngineTestCase, redis_hosts
from perftests.suites.kit.contest import PAIRS


def metrics(test):
    return {metric.name: metric for metric in test.result(Outcome.COMPLETED, 1, "").metrics}


class EngineGoalTests(SimpleTestCase):
    name = "push with acks, ours ÷ bare"

    def goal(self, sockets):
        test = EngineTestCase("run")
        test.compare(self.name, [1.0] * PAIRS, [1.1] * PAIRS, sockets=sockets)
        return metrics(test)[self.name].goal

    @override_settings(PERFTESTS={"SERVER": "daphne"})
    def test_each_server_has_an_engine_goal_of_its_own(self):
        self.assertEqual(self.goal(1000), Target("<=", 1.5))
        with override_settings(PERFTESTS={"SERVER": "uvicorn"}):
            self.assertEqual(self.goal(1000), Target("<=", 2))

    def test_there_is_no_engine_goal_for_a_few_sockets(self):
        self.assertIsNone(self.goal(999))


class RedisHostsTests(SimpleTestCase):
    def test_the_redis_hosts_of_the_settings_are_taken_as_they_are(self):
        hosts = [{"address": "redis://somewhere", "socket_timeout": 3}]
        layers = {"default": {"BACKEND": "x", "CONFIG": {"hosts": hosts}}}
        with override_settings(CHANNEL_LAYERS=layers):
            self.assertEqual(redis_hosts(), hosts)

    @mock.patch.dict(os.environ, {"PERF_REDIS_URL": "redis://127.0.0.1:1/0"})
    def test_a_site_that_has_configured_no_layers_has_no_redis_hosts(self):
        with override_settings(CHANNEL_LAYERS={}):
            self.assertEqual(redis_hosts(), [])
            del settings.CHANNEL_LAYERS
            self.assertEqual(redis_hosts(), [])

    @override_settings(CHANNEL_LAYERS={"default": {"BACKEND": "x"}})
    @mock.patch.dict(os.environ, {"PERF_REDIS_URL": "redis://127.0.0.1:1/0"})
    def test_there_are_no_redis_hosts_where_none_answers(self):
        self.assertEqual(redis_hosts(), [])
