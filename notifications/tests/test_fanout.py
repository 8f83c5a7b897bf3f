import asyncio

from django.db import transaction
from django.test import SimpleTestCase, TransactionTestCase, override_settings

from notifications import fanout, hints
from notifications.hints import Changed, SignedOut, user_group
from notifications.layers import get_hints_layer
from notifications.models import Delivery
from notifications.send import notify

from .listening import ListeningMixin, broken_layer
from .users import make_user


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

    def test_outside_a_transaction_it_publishes_at_once(self):
        self.send("a", "b")
        self.assertEqual((self.heard(), self.publishes), (["a", "b"], [1, 1]))

    def test_a_transaction_is_published_in_one_go_and_in_order(self):
        with transaction.atomic():
            self.send("a", "b", "c")
            self.assertEqual(self.publishes, [])
        self.assertEqual((self.heard(), self.publishes), (["a", "b", "c"], [3]))

    def test_each_transaction_is_published_by_itself(self):
        for title in ("a", "b"):
            with transaction.atomic():
                self.send(title)
        self.assertEqual(self.publishes, [1, 1])

    def test_nothing_of_a_rolled_back_transaction_goes_with_the_next_one(self):
        with self.assertRaises(InterruptedError), transaction.atomic():
            self.send("lost")
            raise InterruptedError
        with transaction.atomic():
            self.send("a")
        self.assertEqual(self.heard(), ["a"])

    def test_a_savepoint_rolled_back_takes_only_what_was_inside(self):
        with transaction.atomic():
            self.send("before")
            with self.assertRaises(InterruptedError), transaction.atomic():
                self.send("inside")
                raise InterruptedError
            self.send("after")
        self.assertEqual((self.heard(), self.publishes), (["before", "after"], [2]))
        self.assertEqual(Delivery.objects.count(), 2)

    def test_a_released_savepoint_is_published_with_the_transaction(self):
        with transaction.atomic():
            self.send("before")
            with transaction.atomic():
                self.send("inside")
            self.assertEqual(self.heard(), [])
            self.send("after")
        self.assertCountEqual(self.heard(), ["before", "inside", "after"])

    def test_an_outer_savepoint_rolled_back_takes_the_inner_ones_along(self):
        with transaction.atomic():
            with self.assertRaises(InterruptedError), transaction.atomic():
                self.send("outer")
                with transaction.atomic():
                    self.send("inner")
                raise InterruptedError
            with transaction.atomic():
                self.send("other")
        self.assertEqual(self.heard(), ["other"])

    def test_an_inner_savepoint_rolled_back_leaves_the_outer_one(self):
        with transaction.atomic(), transaction.atomic():
            self.send("outer")
            with self.assertRaises(InterruptedError), transaction.atomic():
                self.send("inner")
                raise InterruptedError
        self.assertEqual(self.heard(), ["outer"])

    def test_what_else_waits_for_the_commit_runs_as_well(self):
        ran = []
        with transaction.atomic():
            transaction.on_commit(lambda: ran.append("before"))
            self.send("a")
            transaction.on_commit(lambda: ran.append("after"))
        self.assertEqual((ran, self.heard()), (["before", "after"], ["a"]))

    def test_it_publishes_from_a_thread_with_an_event_loop_too(self):
        async def publish():
            fanout.state_changed(self.alice.pk, "read", [1])

        asyncio.run(publish())
        self.assertEqual(self.listener.heard(), [(self.group, Changed("read", [1]))])


class BrokenLayerTests(TransactionTestCase):
    """A layer that is down delays; it never fails a `notify`."""

    def assert_stored_in_spite(self, send):
        ran = []
        with self.assertLogs("notifications.fanout", "ERROR") as logs, transaction.atomic():
            send()
            transaction.on_commit(lambda: ran.append(True))
        self.assertIn("Hints were not published; the sweep delivers", logs.output[0])
        self.assertEqual((Delivery.objects.queued().count(), ran), (1, [True]))

    @broken_layer
    def test_the_rows_are_committed(self):
        alice = make_user()
        self.assert_stored_in_spite(lambda: notify(alice, "Hi"))

    @override_settings(CHANNEL_LAYERS={})
    def test_the_rows_are_committed_without_any_layer(self):
        alice = make_user()
        self.assert_stored_in_spite(lambda: notify(alice, "Hi"))

    @broken_layer
    def test_outside_a_transaction_it_is_the_same(self):
        with self.assertLogs("notifications.fanout", "ERROR"):
            notify(make_user(), "Hi")
        self.assertEqual(Delivery.objects.count(), 1)


class HintTests(ListeningMixin, SimpleTestCase):
    def test_other_tabs_hear_what_has_changed(self):
        listener = self.listen("user.7")
        fanout.state_changed(7, "archived", iter([1, 2]))
        self.assertEqual(listener.heard(), [("user.7", Changed("archived", [1, 2]))])

    def test_signing_out_names_the_session_by_its_digest(self):
        listener = self.listen("user.7")
        fanout.signed_out(7, "secretkey")
        hint = SignedOut(hints.session_digest("secretkey"))
        self.assertEqual(listener.heard(), [("user.7", hint)])

    def test_without_a_session_the_whole_account_is_meant(self):
        listener = self.listen("user.7")
        fanout.signed_out(7)
        self.assertEqual(listener.heard(), [("user.7", SignedOut(""))])

    def test_only_the_users_own_group_hears_it(self):
        others = self.listen("user.8", hints.HUBS)
        fanout.signed_out(7)
        self.assertEqual(others.heard(), [])

    def test_a_batch_goes_to_the_layer_as_it_is(self):
        listener = self.listen("a", "b")
        payload = hints.encode(SignedOut(""))
        fanout.publish([(payload, ["a", "b"]), (payload, ["b"])])
        self.assertEqual([group for group, _ in listener.heard()], ["a", "b", "b"])
        self.assertEqual(get_hints_layer().publishes, [2])
