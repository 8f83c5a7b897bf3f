from django.test import TestCase

from notifications.models import Delivery
from notifications.send import notify
from notifications.store import marking
from notifications.store.own.changing import delete, take_back, up_to
from notifications.store.own.rows import have_any, states_of

from ...users import make_user


class OwnTestCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.alice, cls.bob = make_user("alice"), make_user("bob")
        cls.ids = [notify([cls.alice, cls.bob], f"n{number}").pk for number in range(4)]

    def mark(self, kind, *ids):
        marking.mark(kind, {self.alice.pk: ids})

    def of(self, user):
        mine = Delivery.objects.filter(recipient=user).order_by("notification_id")
        return [delivery.state for delivery in mine]


class TakingBackTests(OwnTestCase):
    def test_a_notification_marked_unread_stays_seen(self):
        self.mark("read", *self.ids[:2])
        self.assertEqual(take_back("marked_unread", self.alice.pk, self.ids), self.ids[:2])
        self.assertEqual(self.of(self.alice), ["seen", "seen", "queued", "queued"])
        self.assertEqual(Delivery.objects.filter(recipient=self.alice).unread().count(), 4)

    def test_a_dropped_notification_out_of_the_archive_has_arrived(self):
        Delivery.objects.filter(recipient=self.alice, notification=self.ids[0]).drop()
        self.assertEqual(take_back("unarchived", self.alice.pk, self.ids), self.ids[:1])
        self.assertEqual(self.of(self.alice), ["delivered", "queued", "queued", "queued"])

    def test_nothing_of_another_user_is_taken_back_or_deleted(self):
        marking.mark("read", {self.bob.pk: self.ids})
        marking.mark("archived", {self.bob.pk: self.ids})
        before = self.of(self.bob)
        for undo in ("marked_unread", "unarchived"):
            self.assertEqual(take_back(undo, self.alice.pk, self.ids), [])
        self.assertEqual(delete(self.alice.pk, [*self.ids, 10**12]), self.ids)
        self.assertEqual(self.of(self.bob), before)
        self.assertEqual(self.of(self.alice), [])


class UpToAnIdTests(OwnTestCase):
    def test_all_up_to_an_id_leaves_what_waits_and_what_is_newer(self):
        self.mark("delivered", self.ids[0], self.ids[2], self.ids[3])
        for kind in ("seen", "read", "archived", "deleted"):
            with self.subTest(kind):
                self.assertEqual(
                    up_to(kind, self.alice.pk, self.ids[2]), [self.ids[0], self.ids[2]]
                )

    def test_all_up_to_an_id_takes_the_oldest_first_and_no_more_than_the_limit(self):
        self.mark("delivered", *self.ids)
        self.assertEqual(up_to("read", self.alice.pk, self.ids[3], 2), self.ids[:2])

    def test_taking_back_up_to_an_id_takes_what_has_the_mark(self):
        self.mark("read", *self.ids[:2])
        self.mark("archived", *self.ids[2:])
        self.assertEqual(up_to("marked_unread", self.alice.pk, self.ids[3]), self.ids[:2])
        self.assertEqual(up_to("unarchived", self.alice.pk, self.ids[2]), self.ids[2:3])


class RowsTests(OwnTestCase):
    def test_the_states_of_ids_are_those_of_the_users_own_rows(self):
        self.mark("read", self.ids[0])
        self.mark("archived", self.ids[1])
        expected = {self.ids[0]: {"seen", "read"}, self.ids[1]: {"archived"}}
        self.assertEqual(states_of(self.alice.pk, [*self.ids[:2], 10**12]), expected)

    def test_whether_a_user_has_any_of_some_is_told_by_the_own_rows(self):
        delete(self.alice.pk, self.ids[:1])
        self.assertFalse(have_any(self.alice.pk, self.ids[:1]))
        self.assertTrue(have_any(self.bob.pk, self.ids[:1]))
