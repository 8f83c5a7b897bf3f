from django.test import tag

from .faults import database
from .faults.running import FaultTestCase, TimedFaultTestCase


class DatabaseFaultTests(FaultTestCase):
    def test_pruning_one_notification_after_the_other_fails_d1(self):
        self.assert_caught(database.pruned_one_by_one)

    def test_calculating_with_indexed_columns_fails_d2(self):
        self.assert_caught(database.columns_calculated_with)


class TimedDatabaseFaultTests(TimedFaultTestCase):
    def test_writing_acks_one_by_one_fails_d3(self):
        self.assert_caught(database.acks_one_by_one)


@tag("alone")  # its processes cannot be started by a process of a pool
class WriterFaultTests(FaultTestCase):
    def test_saving_rows_that_were_read_some_time_ago_fails_d4(self):
        self.assert_caught(database.deliveries_saved_from_a_cache)
