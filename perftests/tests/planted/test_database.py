from contextlib import contextmanager

from django.db import connection
from django.test import tag

from notifications.models import Delivery

from ..faults import database, statements
from ..faults.running import FaultTestCase, TimedFaultTestCase


@contextmanager
def without_index(name):
    """In the database of the tests, which was created by the migration as it is."""
    [index] = [index for index in Delivery._meta.indexes if index.name == name]
    with connection.schema_editor() as editor:
        editor.remove_index(Delivery, index)
    try:
        yield
    finally:
        with connection.schema_editor() as editor:
            editor.add_index(Delivery, index)


class DatabaseFaultTests(FaultTestCase):
    """Row D1 waits after each operation of a server, so one fault in it stands for the others."""

    @tag("on_request")
    def test_pruning_one_notification_after_the_other_fails_row_d1(self):
        self.assert_caught(statements.pruned_one_by_one)

    def test_looking_up_a_single_user_fails_row_d1(self):
        self.assert_caught(statements.one_user_looked_up)

    @tag("on_request")
    def test_a_query_for_each_text_fails_row_d1(self):
        self.assert_caught(statements.a_query_for_each_text)

    @tag("on_request")
    def test_counting_for_whoever_opens_another_tab_fails_row_d1(self):
        self.assert_caught(statements.tabs_counted_by_themselves)

    @tag("on_request")
    def test_counting_for_each_tab_fails_row_d1(self):
        self.assert_caught(statements.a_count_for_each_tab)

    @tag("on_request")
    def test_a_query_for_each_entry_of_a_list_fails_row_d1(self):
        self.assert_caught(statements.a_query_for_each_entry)

    @tag("on_request")
    def test_counting_after_each_ack_fails_row_d1(self):
        self.assert_caught(statements.a_count_after_each_ack)

    @tag("on_request")
    def test_a_page_of_the_queue_for_each_ack_fails_row_d1(self):
        self.assert_caught(statements.a_page_for_each_ack)

    def test_a_hint_for_each_recipient_fails_row_d3(self):
        self.assert_caught(database.a_hint_for_each_recipient)

    def test_an_index_that_is_left_out_fails_row_d2(self):
        with without_index(database.LEFT_OUT):
            self.assert_caught(database.an_index_left_out)

    def test_inboxes_that_are_sorted_without_an_index_fail_row_d2(self):
        self.assert_caught(database.inboxes_sorted_by_what_is_in_no_index)

    def test_marks_that_calculate_with_indexed_columns_fail_row_d2(self):
        self.assert_caught(database.marks_that_calculate)

    def test_edits_that_are_told_by_changes_fail_row_d2(self):
        self.assert_caught(database.edits_told_by_changes)

    def test_pruning_by_dates_fails_row_d2(self):
        self.assert_caught(database.pruning_by_dates)

    def test_calculating_with_indexed_columns_fails_row_d2(self):
        self.assert_caught(database.columns_calculated_with)


class TimedDatabaseFaultTests(TimedFaultTestCase):
    def test_notifying_ten_times_slower_fails_row_d3(self):
        self.assert_caught(database.notify_ten_times_slower)

    def test_writing_acks_one_by_one_fails_row_d3(self):
        self.assert_caught(database.acks_one_by_one)


@tag("alone")  # its processes cannot be started by a process of a pool
class WriterFaultTests(FaultTestCase):
    def test_saving_rows_that_were_read_some_time_ago_fails_row_d4(self):
        self.assert_caught(database.deliveries_saved_from_a_cache)
