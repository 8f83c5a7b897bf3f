from .faults import websocket
from .faults.running import FaultTestCase, TimedFaultTestCase


class WebSocketFaultTests(FaultTestCase):
    def test_a_buffer_for_every_socket_fails_w1(self):
        self.assert_caught(websocket.a_buffer_for_every_socket)

    def test_marks_that_replace_others_fail_w2(self):
        self.assert_caught(websocket.marks_that_replace_others, timeout_seconds=3)

    def test_telling_one_tab_alone_fails_w3(self):
        self.assert_caught(websocket.one_tab_is_told, timeout_seconds=3)

    def test_a_file_for_every_socket_fails_w4(self):
        self.assert_caught(websocket.a_file_for_every_socket)

    def test_queues_left_out_of_a_storm_fail_w6(self):
        self.assert_caught(websocket.queues_left_out, timeout_seconds=3)


class TimedWebSocketFaultTests(TimedFaultTestCase):
    def test_a_query_for_every_few_users_fails_w5(self):
        self.assert_caught(websocket.a_query_for_every_few_users)

    def test_keeping_the_sockets_of_lost_readers_fails_w7(self):
        self.assert_caught(websocket.lost_readers_kept)

    def test_calling_silent_clients_back_fails_w8(self):
        self.assert_caught(websocket.silent_clients_are_called_back)
