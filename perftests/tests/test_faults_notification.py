from .faults import notification
from .faults.running import FaultTestCase, TimedFaultTestCase


class NotificationFaultTests(FaultTestCase):
    def test_a_statement_for_every_thousand_recipients_fails_n1(self):
        self.assert_caught(notification.a_statement_for_every_thousand)

    def test_an_audience_that_senders_share_fails_n2(self):
        self.assert_caught(notification.an_audience_that_senders_share, timeout_seconds=3)

    def test_a_page_of_the_queue_sent_newest_first_fails_n4(self):
        self.assert_caught(notification.pages_newest_first)

    def test_forgetting_what_there_is_no_credit_for_fails_n5(self):
        self.assert_caught(notification.held_back_and_forgotten, timeout_seconds=5)

    def test_statistics_that_leave_out_what_was_read_fail_n6(self):
        self.assert_caught(notification.statistics_of_unread)


class TimedNotificationFaultTests(TimedFaultTestCase):
    def test_searching_all_users_for_each_hint_fails_n3(self):
        self.assert_caught(notification.groups_that_are_searched)

    def test_hints_that_wait_for_others_fail_n7(self):
        self.assert_caught(notification.hints_that_wait_for_others)

    def test_publishing_in_parts_fails_n8(self):
        self.assert_caught(notification.published_in_parts)
