from datetime import timedelta

from django.db import IntegrityError, transaction
from django.test import TestCase
from django.utils import timezone

from perftests import store
from perftests.models import SILENCE_LIMIT, PerfRun, PerfWish, WishState
from perftests.records.results import State
from perftests.wishes import queue


class QueueTests(TestCase):
    def ask(self, *arguments):
        return queue.ask(arguments or ["N7"], "ada")

    def state(self, wish):
        return PerfWish.objects.get(pk=wish.pk).state

    def silence(self, wish):
        PerfWish.objects.filter(pk=wish.pk).update(
            heard_at=timezone.now() - SILENCE_LIMIT - timedelta(seconds=1)
        )

    def test_the_wish_that_waits_longest_is_claimed_first_and_waits_no_longer(self):
        first, second = self.ask("N7"), self.ask("W1")
        self.assertEqual(queue.claim(), first)
        self.assertEqual(self.state(first), WishState.RUNNING)
        self.assertEqual(list(queue.waiting()), [second])

    def test_nothing_is_claimed_where_nothing_waits(self):
        self.assertIsNone(queue.claim())

    def test_no_wish_is_claimed_while_another_goes_on(self):
        self.ask()
        queue.claim()
        second = self.ask()
        self.assertIsNone(queue.claim())
        self.assertEqual(self.state(second), WishState.QUEUED)

    def test_two_wishes_that_go_on_are_refused_by_the_table(self):
        for _ in range(2):
            self.ask()
        with self.assertRaises(IntegrityError), transaction.atomic():
            PerfWish.objects.update(state=WishState.RUNNING)

    def test_no_wish_is_claimed_while_a_run_of_a_terminal_goes_on(self):
        run = store.start("nightly", {}, {})
        wish = self.ask()
        self.assertIsNone(queue.claim())
        store.finish(run, State.FINISHED, 1.0)
        self.assertEqual(queue.claim(), wish)

    def test_a_run_that_died_holds_up_nobody(self):
        store.start("nightly", {}, {})
        PerfRun.objects.update(heard_at=timezone.now() - 2 * SILENCE_LIMIT)
        self.assertEqual(self.ask(), queue.claim())

    def test_a_wish_whose_carrier_died_is_lost_and_holds_up_nobody(self):
        lost = self.ask()
        queue.claim()
        self.silence(lost)
        wish = self.ask()
        self.assertEqual(queue.claim(), wish)
        self.assertEqual(self.state(lost), WishState.LOST)

    def test_a_wish_that_was_carried_out_has_ended_with_what_was_said_at_last(self):
        wish = self.ask()
        queue.claim()
        queue.end(wish, "x" * 9000 + "the end\0")
        wish.refresh_from_db()
        self.assertEqual(wish.state, WishState.ENDED)
        self.assertTrue(wish.said.endswith("the end\\x00"))
        self.assertLess(len(wish.said), 5000)

    def test_a_cancelled_wish_that_waits_is_never_claimed(self):
        wish = self.ask()
        self.assertTrue(queue.cancel(wish.pk))
        self.assertIsNone(queue.claim())
        self.assertEqual(self.state(wish), WishState.CANCELLED)

    def test_a_cancelled_wish_that_goes_on_is_told_to_who_carries_it_out(self):
        wish = self.ask()
        queue.claim()
        self.assertFalse(queue.give_a_sign_of_life(wish, ""))
        self.assertTrue(queue.cancel(wish.pk))
        self.assertTrue(queue.give_a_sign_of_life(wish, ""))
        self.assertEqual(self.state(wish), WishState.RUNNING)
        queue.end(wish, "")
        self.assertEqual(self.state(wish), WishState.CANCELLED)

    def test_a_wish_that_is_over_cannot_be_cancelled(self):
        wish = self.ask()
        queue.claim()
        queue.end(wish, "")
        self.assertFalse(queue.cancel(wish.pk))
        self.assertFalse(queue.cancel(wish.pk + 1))
        self.assertEqual(self.state(wish), WishState.ENDED)

    def test_a_wish_is_attended_while_whoever_carries_out_another_lives(self):
        first = self.ask()
        self.assertFalse(queue.is_attended(first))
        queue.claim()
        second = self.ask()
        self.assertTrue(queue.is_attended(second))
        self.silence(first)
        self.assertFalse(queue.is_attended(second))

    def test_a_queue_that_waits_for_a_run_of_a_terminal_is_attended(self):
        store.start("nightly", {}, {})
        self.ask()
        queue.claim()
        self.assertTrue(queue.is_attended(self.ask()))

    def test_more_than_ten_wishes_do_not_wait(self):
        asked = [self.ask() for _ in range(queue.MOST_QUEUED + 1)]
        self.assertIsNone(asked[-1])
        self.assertEqual(queue.waiting().count(), queue.MOST_QUEUED)

    def test_old_wishes_are_deleted_and_those_that_wait_are_not(self):
        waiting = self.ask()
        PerfWish.objects.bulk_create(
            PerfWish(asked_by="ada", state=WishState.ENDED) for _ in range(queue.KEPT + 5)
        )
        self.ask()
        self.assertEqual(PerfWish.objects.filter(state=WishState.ENDED).count(), queue.KEPT)
        self.assertEqual(self.state(waiting), WishState.QUEUED)

    def test_a_wish_goes_with_the_run_that_it_has_led_to(self):
        wish = self.ask()
        run = store.start("nightly", {}, {})
        queue.lead_to(wish.pk, run)
        run.delete()
        self.assertFalse(PerfWish.objects.exists())
