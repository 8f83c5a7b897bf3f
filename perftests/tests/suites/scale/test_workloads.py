from unittest import mock

from django.test import SimpleTestCase

from perftests.exceptions import InvalidSetting
from perftests.suites.scale.workloads import Crowd


class CrowdTests(SimpleTestCase):
    def test_more_messages_of_the_own_than_sockets_are_refused(self):
        own = {"PERF_S1_OWN": "21"}
        refused = "own is more than the 20 sockets at first"
        with mock.patch.dict("os.environ", own), self.assertRaisesMessage(InvalidSetting, refused):
            Crowd("S1", "smoke")
