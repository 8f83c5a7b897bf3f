from django.test import tag

from ..faults import memory
from ..faults.running import FaultTestCase


@tag("on_request")
class MemoryFaultTests(FaultTestCase):
    def test_keeping_the_frames_of_all_that_was_sent_fails_row_m1(self):
        self.assert_caught(memory.frames_of_all_that_was_sent)

    def test_loading_queues_whole_fails_row_m2(self):
        self.assert_caught(memory.queues_loaded_whole)

    def test_lists_of_unread_kept_with_every_read_mark_fail_row_m3(self):
        self.assert_caught(memory.unread_kept_with_every_read_mark)

    def test_memory_kept_for_acks_to_come_fails_row_m4(self):
        self.assert_caught(memory.memory_kept_for_acks_to_come)

    def test_a_registry_of_loaded_objects_fails_row_m5(self):
        self.assert_caught(memory.loaded_objects_kept)

    def test_memory_kept_of_idle_clients_fails_row_m6_which_names_the_line(self):
        [result] = self.assert_caught(memory.memory_kept_of_idle_clients)
        self.assertRegex(result.notes[-1], r"held by perftests/tests/faults/memory\.py:\d+ \(\+")

    def test_200_bytes_kept_of_every_ack_fail_row_m6_which_names_the_line(self):
        [result] = self.assert_caught(memory.memory_kept_of_acks)
        self.assertRegex(result.notes[-1], r"held by perftests/tests/faults/memory\.py:\d+ \(\+")

    def test_1_kilobyte_kept_of_every_connect_fails_row_m6(self):
        self.assert_caught(memory.memory_kept_of_connects)

    def test_keeping_what_refused_clients_have_shown_fails_row_m6(self):
        self.assert_caught(memory.memory_kept_of_refused_clients)
