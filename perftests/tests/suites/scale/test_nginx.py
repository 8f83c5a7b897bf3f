import re

from django.test import SimpleTestCase

from perftests.suites.scale.nginx import served


class ConfigurationTests(SimpleTestCase):
    def test_the_proxy_has_each_server_and_leaves_none_out_after_a_failure(self):
        text = served(8000, [8001, 8002])
        self.assertIn("listen 127.0.0.1:8000 ", text)
        servers = re.findall(r"server (\S+) max_fails=0;", text)
        self.assertEqual(servers, ["127.0.0.1:8001", "127.0.0.1:8002"])
