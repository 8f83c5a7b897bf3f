from ..faults import notification, queues
from ..faults.running import FaultTestCase, TimedFaultTestCase


class NotificationFaultTests(FaultTestCase):
    def test_a_statement_for_every_thousand_recipients_fails_row_n1(self):
        self.assert_caught(notification.a_statement_for_every_thousand)

    def test_an_audience_that_senders_share_fails_row_n2(self):
        self.assert_caught(notification.an_audience_that_senders_share, timeout_seconds=3)

    def test_a_page_of_the_queue_sent_newest_first_fails_row_n4(self):
        self.assert_caught(queues.pages_newest_first)

    def test_queues_that_end_after_a_page_fail_row_n4(self):
        self.assert_caught(queues.queues_of_a_page, timeout_seconds=3)

    def test_forgetting_what_came_during_a_replay_fails_row_n4(self):
        self.assert_caught(queues.what_came_meanwhile_forgotten, timeout_seconds=3)

    def test_forgetting_what_there_is_no_credit_for_fails_row_n5(self):
        self.assert_caught(notification.held_back_and_forgotten, timeout_seconds=5)

    def test_statistics_that_leave_out_what_was_read_fail_row_n6(self):
        self.assert_caught(notification.statistics_of_unread)


class TimedNotificationFaultTests(TimedFaultTestCase):
    def test_searching_all_users_for_each_hint_fails_row_n3(self):
        self.assert_caught(notification.groups_that_are_searched)

    def test_pushes_that_wait_for_others_fail_row_n7(self):
        self.assert_caught(notification.pushes_that_wait_for_others)

    def test_sending_the_count_with_every_push_fails_row_n7(self):
        self.assert_caught(notification.a_count_with_every_push)

    def test_frames_that_have_their_content_twice_fail_row_n7(self):
        self.assert_caught(notification.titles_twice_in_a_frame)

    def test_publishing_every_hint_twice_fails_row_n3(self):
        self.assert_caught(notification.hints_published_twice)

    def test_a_late_hint_in_a_hundred_fails_row_n7(self):
        self.assert_caught(notification.a_hint_in_a_hundred_late)

    def test_a_lost_hint_in_a_hundred_fails_row_n7(self):
        self.assert_caught(notification.a_hint_in_a_hundred_lost)

    def test_an_ignored_ack_in_a_thousand_fails_row_n7(self):
        self.assert_caught(notification.an_ack_in_a_thousand_ignored, timeout_seconds=5)

    def test_acks_for_all_that_is_in_flight_fail_row_n7(self):
        self.assert_caught(notification.acks_for_all_in_flight)

    def test_a_doubled_push_in_a_thousand_fails_row_n7(self):
        self.assert_caught(notification.a_push_in_a_thousand_doubled)

    def test_holding_up_the_loop_for_each_ack_fails_row_n7(self):
        self.assert_caught(notification.a_loop_that_waits_for_acks)

    def test_publishing_in_parts_fails_row_n8(self):
        self.assert_caught(notification.published_in_parts)

    def test_asking_late_for_what_was_found_fails_row_n9(self):
        self.assert_caught(notification.writers_heard_of_late)
