from unittest import skipUnless

from django.test import SimpleTestCase, tag
from redis import Redis

from perftests.load.services.programs import has_program
from perftests.load.services.redis import PrivateRedis
from perftests.suites.engine.prefix import own_prefix

DEAD = "rival-0123456789abcdef"


@tag("slow")
@skipUnless(has_program("redis-server"), "redis-server is not installed")
class OwnPrefixTests(SimpleTestCase):
    def setUp(self):
        service = self.enterContext(PrivateRedis())
        self.hosts = [service.url]
        self.client = self.enterContext(Redis.from_url(service.url, decode_responses=True))

    def keep(self, *keys):
        for key in keys:
            self.client.set(key, "x")

    def test_the_redis_keys_of_a_run_go_with_it_and_no_others(self):
        with own_prefix("rival", self.hosts) as prefix:
            self.keep(f"{prefix}-core:group:1", "of somebody")
        self.assertEqual(self.client.keys(), ["of somebody"])

    def test_the_redis_keys_of_a_dead_run_go_with_the_next(self):
        self.keep(
            f"{DEAD}-core:group:1", f"{DEAD}-corespecific.x!", "rival-of-somebody", f"{DEAD}0"
        )
        with own_prefix("rival", self.hosts):
            self.assertCountEqual(self.client.keys(), ["rival-of-somebody", f"{DEAD}0"])

    def test_the_redis_keys_of_a_run_that_goes_on_stay(self):
        with own_prefix("rival", self.hosts) as first:
            self.keep(f"{first}-core:group:1")
            with own_prefix("rival", self.hosts) as second:
                self.assertNotEqual(first, second)
                self.assertEqual(self.client.keys(), [f"{first}-core:group:1"])

    def test_a_prefix_without_a_redis_is_a_name_alone(self):
        with own_prefix("rival", []) as prefix:
            self.assertRegex(prefix, r"^rival-[0-9a-f]{16}$")
