"""Hints wait for the commit of what they tell."""

import asyncio
import json

from django.db import transaction
from django.test import TestCase, TransactionTestCase

from notifications.models import Delivery
from notifications.send import notify
from notifications.sending import fanout
from notifications.wire.hints import Changed, user_group

from ..listening import ListeningMixin
from ..users import make_user


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
