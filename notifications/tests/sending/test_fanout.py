import asyncio
import json
from contextlib import contextmanager
from unittest.mock import patch

from django.contrib.auth.models import AnonymousUser, Group
from django.db import Error, connection, transaction
from django.http import HttpResponse
from django.test import SimpleTestCase, TestCase, TransactionTestCase, override_settings
from django.urls import path

from notifications.exceptions import InvalidRecipient
from notifications.layers import get_hints_layer
from notifications.models import Delivery, Notification
from notifications.send import notify
from notifications.sending import fanout
from notifications.wire import hints
from notifications.wire.hints import Changed, SignedOut, user_group

from ..listening import ListeningMixin, broken_layer
from ..users import User, make_user


class OnCommitTests(ListeningMixin, TransactionTestCase):
    def setUp(self):
        super().setUp()
        self.alice = make_user("alice")
        self.group = user_group(self.alice.pk)
        self.listener = self.listen(self.group)

    def send(self, *titles):
        for title in titles:
            notify(self.alice, title)

    def heard(self):
        """The titles, in the order in which they were heard."""
        frames = [hint.text for _, hint in self.listener.heard()]
        return [frame.partition('"title":"')[2].partition('"')[0] for frame in frames]

    def test_hints_outside_a_transaction_are_published_at_once(self):
        self.send("a", "b")
        self.assertEqual((self.heard(), self.publishes), (["a", "b"], [1, 1]))

    def test_hints_of_a_transaction_are_published_in_one_go_and_in_order(self):
        with transaction.atomic():
            self.send("a", "b", "c")
            self.assertEqual(self.publishes, [])
        self.assertEqual((self.heard(), self.publishes), (["a", "b", "c"], [3]))

    def test_hints_of_each_transaction_are_published_by_themselves(self):
        for title in ("a", "b"):
            with transaction.atomic():
                self.send(title)
        self.assertEqual(self.publishes, [1, 1])

    def test_no_hint_of_a_rolled_back_transaction_goes_with_the_next_one(self):
        with self.assertRaises(InterruptedError), transaction.atomic():
            self.send("lost")
            raise InterruptedError
        with transaction.atomic():
            self.send("a")
        self.assertEqual(self.heard(), ["a"])

    def test_a_savepoint_rolled_back_drops_only_the_hints_inside(self):
        with transaction.atomic():
            self.send("before")
            with self.assertRaises(InterruptedError), transaction.atomic():
                self.send("inside")
                raise InterruptedError
            self.send("after")
        self.assertEqual((self.heard(), self.publishes), (["before", "after"], [2]))
        self.assertEqual(Delivery.objects.count(), 2)

    def test_hints_of_a_released_savepoint_are_published_with_the_transaction(self):
        with transaction.atomic():
            self.send("before")
            with transaction.atomic():
                self.send("inside")
            self.assertEqual(self.heard(), [])
            self.send("after")
        self.assertCountEqual(self.heard(), ["before", "inside", "after"])

    def test_an_outer_savepoint_rolled_back_drops_the_hints_of_inner_ones(self):
        with transaction.atomic():
            with self.assertRaises(InterruptedError), transaction.atomic():
                self.send("outer")
                with transaction.atomic():
                    self.send("inner")
                raise InterruptedError
            with transaction.atomic():
                self.send("other")
        self.assertEqual(self.heard(), ["other"])

    def test_an_inner_savepoint_rolled_back_leaves_the_hints_of_the_outer_one(self):
        with transaction.atomic(), transaction.atomic():
            self.send("outer")
            with self.assertRaises(InterruptedError), transaction.atomic():
                self.send("inner")
                raise InterruptedError
        self.assertEqual(self.heard(), ["outer"])

    def test_other_callbacks_that_wait_for_the_commit_run_beside_the_hints(self):
        ran = []
        with transaction.atomic():
            transaction.on_commit(lambda: ran.append("before"))
            self.send("a")
            transaction.on_commit(lambda: ran.append("after"))
        self.assertEqual((ran, self.heard()), (["before", "after"], ["a"]))

    def test_hints_are_published_from_a_thread_with_an_event_loop(self):
        async def publish():
            fanout.state_changed(self.alice.pk, "read", [1])

        asyncio.run(publish())
        self.assertEqual(self.listener.heard(), [(self.group, Changed("read", [1]))])


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


class CapturedCallbackTests(ListeningMixin, TestCase):
    """As adopters test: in a transaction that is never committed."""

    def test_each_capture_of_callbacks_finds_the_hints_sent_in_it(self):
        alice = make_user("alice")
        listener = self.listen(user_group(alice.pk))
        for title in ("a", "b"):
            with self.captureOnCommitCallbacks(execute=True) as callbacks:
                notify(alice, title)
            self.assertEqual(len(callbacks), 1)
        titles = [json.loads(hint.text)["title"] for _, hint in listener.heard()]
        self.assertEqual(titles, ["a", "b"])


class BrokenLayerTests(TransactionTestCase):
    """A layer that is down delays; it never fails a `notify`."""

    def assert_stored_in_spite(self, send):
        ran = []
        with self.assertLogs("notifications.sending.fanout", "ERROR") as logs, transaction.atomic():
            send()
            transaction.on_commit(lambda: ran.append(True))
        self.assertIn("Hints were not published; the sweep delivers", logs.output[0])
        self.assertEqual((Delivery.objects.queued().count(), ran), (1, [True]))

    @broken_layer
    def test_rows_are_committed_while_the_layer_is_broken(self):
        alice = make_user()
        self.assert_stored_in_spite(lambda: notify(alice, "Hi"))

    @broken_layer
    def test_rows_are_written_outside_a_transaction_while_the_layer_is_broken(self):
        with self.assertLogs("notifications.sending.fanout", "ERROR"):
            notify(make_user(), "Hi")
        self.assertEqual(Delivery.objects.count(), 1)


class HintTests(ListeningMixin, SimpleTestCase):
    def test_other_tabs_of_a_user_hear_what_has_changed(self):
        listener = self.listen("user.7")
        fanout.state_changed(7, "archived", iter([1, 2]))
        self.assertEqual(listener.heard(), [("user.7", Changed("archived", [1, 2]))])

    def test_the_hint_of_signing_out_names_the_session_by_its_digest(self):
        listener = self.listen("user.7")
        fanout.signed_out(7, "secretkey")
        hint = SignedOut(hints.session_digest("secretkey"))
        self.assertEqual(listener.heard(), [("user.7", hint)])

    def test_the_hint_of_signing_out_without_a_session_means_the_whole_account(self):
        listener = self.listen("user.7")
        fanout.signed_out(7)
        self.assertEqual(listener.heard(), [("user.7", SignedOut(""))])

    def test_the_user_of_a_hint_may_be_given_as_an_object(self):
        user = User(pk=7)
        user._state.adding = False
        listener = self.listen("user.7")
        fanout.signed_out(user)
        fanout.state_changed(user, "read", [1])
        self.assertEqual(
            [hint for _, hint in listener.heard()], [SignedOut(""), Changed("read", [1])]
        )

    def test_a_hint_for_what_is_no_user_is_refused(self):
        for nobody in (None, "alice", "1_0", User(pk=7), AnonymousUser(), Group(pk=7)):
            with self.subTest(nobody), self.assertRaises(InvalidRecipient):
                fanout.signed_out(nobody)
            with self.subTest(nobody), self.assertRaises(InvalidRecipient):
                fanout.state_changed(nobody, "read", [1])

    def test_a_hint_of_signing_out_is_heard_by_the_users_own_group_alone(self):
        others = self.listen("user.8", hints.HUBS)
        fanout.signed_out(7)
        self.assertEqual(others.heard(), [])

    def test_a_batch_of_hints_goes_to_the_layer_as_it_is(self):
        listener = self.listen("a", "b")
        payload = hints.encode(SignedOut(""))
        fanout.publish([(payload, ["a", "b"]), (payload, ["b"])])
        self.assertEqual([group for group, _ in listener.heard()], ["a", "b", "b"])
        self.assertEqual(get_hints_layer().publishes, [2])
