from ..faults import network
from ..faults.running import FaultTestCase, TimedFaultTestCase


class NetworkFaultTests(FaultTestCase):
    def test_ignoring_acks_of_repetitions_fails_row_c2(self):
        self.assert_caught(network.acks_of_repetitions_ignored, timeout_seconds=5)

    def test_losing_the_queues_of_silent_users_fails_row_c3(self):
        self.assert_caught(network.silent_users_lose_their_queue, timeout_seconds=5)


class TimedNetworkFaultTests(TimedFaultTestCase):
    def test_long_frames_that_wait_fail_row_c1(self):
        self.assert_caught(network.long_frames_wait)
