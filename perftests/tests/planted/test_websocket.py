from ..faults import websocket
from ..faults.running import FaultTestCase, TimedFaultTestCase


class WebSocketFaultTests(FaultTestCase):
    def test_a_buffer_for_every_socket_fails_row_w1(self):
        self.assert_caught(websocket.a_buffer_for_every_socket)

    def test_counting_one_more_in_all_hellos_but_the_first_fails_row_w1(self):
        self.assert_caught(websocket.hellos_that_count_one_more, timeout_seconds=5)

    def test_marks_that_replace_others_fail_row_w2(self):
        self.assert_caught(websocket.marks_that_replace_others, timeout_seconds=3)

    def test_telling_one_tab_alone_fails_row_w3(self):
        self.assert_caught(websocket.one_tab_is_told, timeout_seconds=3)

    def test_a_file_for_every_socket_fails_row_w4(self):
        self.assert_caught(websocket.a_file_for_every_socket)

    def test_queues_left_out_of_a_storm_fail_row_w6(self):
        self.assert_caught(websocket.queues_left_out, timeout_seconds=3)


class TimedWebSocketFaultTests(TimedFaultTestCase):
    def test_a_query_for_every_few_users_fails_row_w5(self):
        self.assert_caught(websocket.a_query_for_every_few_users)

    def test_looking_newcomers_up_one_by_one_fails_row_w6(self):
        self.assert_caught(websocket.newcomers_looked_up_one_by_one)

    def test_a_sweep_without_a_pause_fails_row_w1(self):
        self.assert_caught(websocket.a_sweep_without_a_pause)

    def test_a_pause_before_the_hello_fails_row_w1(self):
        self.assert_caught(websocket.a_pause_before_the_hello)

    def test_an_overtaken_push_in_a_thousand_fails_row_w2(self):
        self.assert_caught(websocket.a_push_that_is_overtaken)

    def test_a_thread_for_every_socket_fails_row_w7(self):
        self.assert_caught(websocket.a_thread_for_every_socket)

    def test_keeping_the_sockets_of_lost_readers_fails_row_w7(self):
        self.assert_caught(websocket.lost_readers_kept)

    def test_calling_silent_clients_back_fails_row_w8(self):
        self.assert_caught(websocket.silent_clients_are_called_back)
