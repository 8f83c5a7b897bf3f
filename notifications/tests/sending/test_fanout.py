from django.contrib.auth.models import AnonymousUser, Group
from django.db import transaction
from django.test import SimpleTestCase, TransactionTestCase

from notifications.exceptions import InvalidRecipient
from notifications.layers import get_hints_layer
from notifications.models import Delivery
from notifications.send import notify
from notifications.sending import fanout
from notifications.wire import hints
from notifications.wire.hints import Changed, SignedOut

from ..listening import ListeningMixin, broken_layer
from ..users import User, make_user


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
