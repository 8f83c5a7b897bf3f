from django.db import connection, transaction
from django.test import TestCase, TransactionTestCase, override_settings
from django.test.utils import CaptureQueriesContext

from notifications.models import Delivery
from notifications.send import notify
from notifications.signals import Drop, Sent, dropped, sent
from notifications.store.limits import drop_excess_of_all

from ..receivers import listening
from ..users import User, make_user


class SentSignalTests(TransactionTestCase):
    def setUp(self):
        self.ada, self.bob = make_user("ada"), make_user("bob")

    def test_all_sends_of_one_transaction_are_told_at_once_after_the_commit(self):
        with listening(sent) as batches:
            with transaction.atomic():
                one = notify(self.ada, "one")
                two = notify([self.ada, self.bob], "two")
                self.assertEqual(batches, [])
            pks = [self.ada.pk, self.bob.pk]
            self.assertEqual(batches, [[Sent(one, [self.ada.pk], 1), Sent(two, pks, 2)]])

    def test_a_query_set_is_told_by_its_number(self):
        with listening(sent) as batches:
            one = notify(User.objects.all(), "all")
        self.assertEqual(batches, [[Sent(one, None, 2)]])

    def test_a_send_that_is_rolled_back_to_a_savepoint_is_not_told(self):
        with listening(sent) as batches, transaction.atomic():
            one = notify(self.ada, "one")
            try:
                with transaction.atomic():
                    notify(self.ada, "two")
                    raise ValueError
            except ValueError:
                pass
        self.assertEqual(batches, [[Sent(one, [self.ada.pk], 1)]])

    def test_a_key_that_exists_tells_of_those_who_are_new(self):
        notify(self.ada, "one", key="k")
        with listening(sent) as batches:
            notify([self.ada, self.bob], "one", key="k")
            notify([self.ada, self.bob], "one", key="k")
        self.assertEqual([[s.recipients for s in batch] for batch in batches], [[[self.bob.pk]]])

    def test_a_receiver_that_fails_is_logged_and_fails_no_sender(self):
        def fail(**kwargs):
            raise RuntimeError("not today")

        sent.connect(fail)
        self.addCleanup(sent.disconnect, fail)
        with self.assertLogs("django.dispatch", "ERROR"), listening(sent) as batches:
            notify(self.ada, "one")
        self.assertEqual(len(batches), 1)

    def test_a_receiver_costs_a_sender_no_query_and_one_call_a_transaction(self):
        def send():
            with CaptureQueriesContext(connection) as queries, transaction.atomic():
                for number in range(5):
                    notify([self.ada, self.bob], f"{number}")
            return len(queries)

        send()
        silent = send()
        with listening(sent) as batches:
            self.assertEqual(send(), silent)
        self.assertEqual([len(batch) for batch in batches], [5])

    @override_settings(NOTIFICATIONS={"MAX_QUEUED": 2})
    def test_drops_of_a_queue_that_is_too_long_are_told_by_user(self):
        for number in range(5):
            notify(self.ada, f"{number}")
        notify(self.bob, "one")
        with listening(dropped) as batches:
            drop_excess_of_all()
            drop_excess_of_all()
        self.assertEqual(batches, [[Drop(self.ada.pk, 3)]])


class TestCaseSignalTests(TestCase):
    def test_a_test_case_hears_signals_where_it_runs_what_waits_for_the_commit(self):
        ada = make_user("ada")
        with listening(sent) as batches, self.captureOnCommitCallbacks(execute=True):
            notify(ada, "one")
        self.assertEqual(len(batches), 1)
        self.assertEqual(Delivery.objects.queued().count(), 1)
