import json
from contextlib import contextmanager
from unittest.mock import patch

from django.db import Error, connection, transaction
from django.http import HttpResponse
from django.test import TransactionTestCase, override_settings
from django.urls import path

from notifications.models import Delivery, Notification
from notifications.send import notify
from notifications.sending import fanout
from notifications.wire.hints import user_group

from ..listening import ListeningMixin
from ..users import User, make_user


class EveryWayToCommitTests(ListeningMixin, TransactionTestCase):
    """What is shown is committed, whichever way Django lets one say so."""

    def setUp(self):
        super().setUp()
        self.alice = make_user("alice")
        self.listener = self.listen(user_group(self.alice.pk))
        self.addCleanup(connection.close)  # whatever a failed test leaves open

    def heard(self):
        return [json.loads(hint.text)["title"] for _, hint in self.listener.heard()]

    def assert_shown(self, *titles):
        """Each of them is committed, and nothing else was."""
        stored = Notification.objects.order_by("pk").values_list("title", flat=True)
        self.assertEqual((self.heard(), list(stored)), (list(titles), list(titles)))

    def test_with_autocommit_off_no_notification_is_shown_before_the_commit(self):
        transaction.set_autocommit(False)
        notify(self.alice, "a")
        with transaction.atomic():
            notify(self.alice, "b")
        self.assertEqual(self.heard(), [])
        transaction.commit()
        transaction.set_autocommit(True)
        self.assert_shown("a", "b")

    def test_with_autocommit_off_notifications_rolled_back_are_never_shown(self):
        transaction.set_autocommit(False)
        notify(self.alice, "a")
        with transaction.atomic():
            notify(self.alice, "b")
        transaction.rollback()
        notify(self.alice, "c")
        transaction.commit()
        transaction.set_autocommit(True)
        self.assert_shown("c")

    def test_with_autocommit_off_a_rollback_delays_notifications_committed_before(self):
        """Django forgets it, so the sweep tells of it."""
        transaction.set_autocommit(False)
        notify(self.alice, "a")
        transaction.commit()
        notify(self.alice, "b")
        transaction.rollback()
        transaction.set_autocommit(True)
        self.assertEqual(self.heard(), [])
        self.assertEqual(Delivery.objects.queued().count(), 1)

    def test_with_autocommit_off_a_closed_connection_shows_no_notification(self):
        transaction.set_autocommit(False)
        notify(self.alice, "a")
        connection.close()
        notify(self.alice, "b")
        self.assert_shown("b")

    def test_with_autocommit_off_a_failing_atomic_block_drops_only_its_own_notifications(self):
        transaction.set_autocommit(False)
        notify(self.alice, "a")
        with self.assertRaises(InterruptedError), transaction.atomic():
            notify(self.alice, "b")
            raise InterruptedError
        transaction.commit()
        transaction.set_autocommit(True)
        self.assert_shown("a")

    def test_a_savepoint_by_hand_rolled_back_drops_the_notifications_after_it(self):
        with transaction.atomic():
            notify(self.alice, "a")
            savepoint = transaction.savepoint()
            notify(self.alice, "b")
            transaction.savepoint_rollback(savepoint)
            notify(self.alice, "c")
            transaction.savepoint_rollback(savepoint)
            notify(self.alice, "d")
        self.assert_shown("a", "d")

    def test_notifications_of_a_released_savepoint_are_shown_unless_an_outer_rolls_back(self):
        with transaction.atomic():
            outer = transaction.savepoint()
            inner = transaction.savepoint()
            notify(self.alice, "a")
            transaction.savepoint_commit(inner)
            with transaction.atomic():
                notify(self.alice, "b")
            transaction.savepoint_rollback(outer)
            released = transaction.savepoint()
            notify(self.alice, "c")
            transaction.savepoint_commit(released)
        self.assert_shown("c")

    def test_a_savepoint_by_hand_rolled_back_drops_an_atomic_block_inside(self):
        with transaction.atomic():
            savepoint = transaction.savepoint()
            with transaction.atomic(), transaction.atomic(savepoint=False):
                notify(self.alice, "a")
            transaction.savepoint_rollback(savepoint)
        self.assert_shown()

    def test_a_savepoint_from_before_clean_savepoints_drops_notifications_after_it(self):
        with transaction.atomic():
            for _ in range(3):
                savepoint = transaction.savepoint()
            transaction.clean_savepoints()
            notify(self.alice, "a")
            transaction.savepoint()
            notify(self.alice, "b")
            transaction.savepoint_rollback(savepoint)
        self.assert_shown()

    def test_a_transaction_told_to_roll_back_shows_no_notification(self):
        with transaction.atomic():
            notify(self.alice, "a")
            transaction.set_rollback(True)
        self.assert_shown()

    def test_a_durable_block_shows_its_notifications_at_its_end(self):
        with transaction.atomic(durable=True):
            notify(self.alice, "a")
            self.assertEqual(self.heard(), [])
        self.assert_shown("a")

    def test_a_failing_block_without_a_savepoint_drops_all_notifications(self):
        with transaction.atomic():
            notify(self.alice, "a")
            with self.assertRaises(InterruptedError), transaction.atomic(savepoint=False):
                notify(self.alice, "b")
                raise InterruptedError
        self.assert_shown()

    def test_a_connection_closed_inside_a_transaction_shows_no_notification(self):
        with self.assertRaises(Error), transaction.atomic():
            notify(self.alice, "a")
            connection.close()
            User.objects.count()
        self.assert_shown()

    def test_a_callback_after_the_commit_may_notify(self):
        with transaction.atomic():
            transaction.on_commit(lambda: notify(self.alice, "b"))
            notify(self.alice, "a")
        self.assertCountEqual(self.heard(), ["a", "b"])

    def test_a_callback_that_fails_after_the_commit_delays_and_loses_no_notification(self):
        def fail():
            raise InterruptedError

        with self.assertRaises(InterruptedError), transaction.atomic():
            transaction.on_commit(fail)
            notify(self.alice, "a")
        self.assertEqual(self.heard(), [])
        self.assertEqual(Delivery.objects.queued().count(), 1)
        notify(self.alice, "b")
        self.assertEqual(self.heard(), ["b"])

    def test_a_request_that_fails_with_atomic_requests_shows_no_notification(self):
        with self.atomic_requests(), override_settings(ROOT_URLCONF=__name__):
            for path in ("/fails/", "/rolls-back/"):
                self.client.raise_request_exception = False
                self.client.get(path)
            self.assert_shown()
            self.client.get("/works/")
        self.assert_shown("works")

    @contextmanager
    def atomic_requests(self):
        connection.settings_dict["ATOMIC_REQUESTS"] = True
        try:
            yield
        finally:
            connection.settings_dict["ATOMIC_REQUESTS"] = False

    @patch.object(fanout, "MAX_HELD", 3)
    def test_hints_held_back_for_the_commit_are_limited_and_the_rest_is_queued(self):
        with transaction.atomic():
            for number in range(5):
                notify(self.alice, str(number))
        self.assertEqual(self.heard(), ["0", "1", "2"])
        self.assertEqual(Delivery.objects.queued().count(), 5)


def fails(request):
    notify(User.objects.get(), "fails")
    raise InterruptedError


def rolls_back(request):
    notify(User.objects.get(), "rolls back")
    transaction.set_rollback(True)
    return HttpResponse()


def works(request):
    notify(User.objects.get(), "works")
    return HttpResponse()


urlpatterns = [
    path("fails/", fails),
    path("rolls-back/", rolls_back),
    path("works/", works),
]
