import json
from datetime import timedelta

from django.db import connection
from django.db.models.functions import Now
from django.test import TestCase, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifications.models import Delivery, Notification
from notifications.send import notify
from notifications.store import marking, queue
from notifications.store.counting import count
from notifications.store.frames import read_frames
from notifications.store.ids import ids_after, newest_id
from notifications.store.limits import drop_excess
from notifications.store.recipients import ACKNOWLEDGED_LATELY_SECONDS, MANY, recipients_among

from ..users import User, make_user, make_users

FULL_SCAN = r"Seq Scan on durable_notifications_delivery|SCAN durable_notifications_d"


class DeliveriesTestCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.alice, cls.bob = make_user("alice"), make_user("bob")
        cls.ids = [notify([cls.alice, cls.bob], f"n{number}").pk for number in range(6)]

    def states(self, user):
        mine = Delivery.objects.filter(recipient=user).order_by("notification_id")
        return [delivery.state for delivery in mine]

    def mark(self, kind, user, ids):
        return marking.mark(kind, {user.pk: ids})


class QueueReplayTests(DeliveriesTestCase):
    def test_a_replay_pages_through_the_queue_from_the_oldest_on(self):
        pk, ids = self.alice.pk, self.ids
        self.assertEqual(queue.replay([(pk, 0)], 4), [ids[:4]])
        self.assertEqual(queue.replay([(pk, ids[3])], 4), [ids[4:]])
        self.assertEqual(queue.replay([(pk, ids[5])], 4), [[]])

    def test_each_user_of_a_replay_has_a_place_of_their_own(self):
        wanted = [(self.bob.pk, self.ids[2]), (self.alice.pk, 0), (self.bob.pk, self.ids[4])]
        pages = queue.replay(wanted, 2)
        self.assertEqual(pages, [self.ids[3:5], self.ids[:2], self.ids[5:]])

    def test_a_replay_leaves_out_what_any_device_has_acknowledged(self):
        self.mark("delivered", self.alice, self.ids[:2])
        self.mark("read", self.alice, self.ids[2:3])
        self.mark("archived", self.alice, self.ids[3:4])
        pages = queue.replay([(self.alice.pk, 0), (self.bob.pk, 0)], 10)
        self.assertEqual(pages, [self.ids[4:], self.ids])

    def test_a_replay_for_a_user_without_a_queue_is_an_empty_page(self):
        self.assertEqual(queue.replay([(10**6, 0), (self.bob.pk, 0)], 1), [[], self.ids[:1]])
        self.assertEqual(queue.replay([], 10), [])

    def test_a_replay_for_many_users_is_one_query(self):
        users = make_users(200)
        notify(users, "Hi")
        wanted = [(pk, 0) for pk in users.values_list("pk", flat=True)]
        with self.assertNumQueries(1):
            pages = queue.replay(wanted, 10)
        self.assertEqual([len(page) for page in pages], [1] * 200)


class DeliveryMarkTests(DeliveriesTestCase):
    def test_each_mark_of_a_delivery_implies_the_earlier_states(self):
        columns = ("delivered_at", "seen_at", "read_at", "archived_at")
        for number, kind, implied in (
            (self.ids[0], "delivered", ["delivered_at"]),
            (self.ids[1], "seen", ["delivered_at", "seen_at"]),
            (self.ids[2], "read", ["delivered_at", "seen_at", "read_at"]),
            (self.ids[3], "archived", ["delivered_at", "archived_at"]),
        ):
            self.assertEqual(self.mark(kind, self.alice, [number]), 1)
            delivery = Delivery.objects.get(recipient=self.alice, notification=number)
            marked = [name for name in columns if getattr(delivery, name)]
            self.assertEqual((kind, marked), (kind, implied))

    def test_one_query_marks_the_deliveries_of_many_users(self):
        with self.assertNumQueries(1):
            marked = {self.alice.pk: self.ids[:2], self.bob.pk: self.ids[1:5]}
            self.assertEqual(marking.mark("read", marked), 6)
        self.assertEqual(self.states(self.alice), ["read"] * 2 + ["queued"] * 4)
        self.assertEqual(self.states(self.bob), ["queued"] + ["read"] * 4 + ["queued"])

    def test_marking_a_delivery_again_changes_nothing(self):
        for kind in ("delivered", "seen", "read", "archived"):
            self.assertEqual(self.mark(kind, self.alice, self.ids), 6)
            before = list(Delivery.objects.values())
            self.assertEqual(self.mark(kind, self.alice, self.ids), 0)
            self.assertEqual(list(Delivery.objects.values()), before)

    def test_a_later_mark_keeps_the_times_of_earlier_marks(self):
        then = timezone.now() - timedelta(days=1)
        Delivery.objects.update(delivered_at=then)
        self.mark("read", self.alice, self.ids)
        delivery = Delivery.objects.filter(recipient=self.alice).first()
        self.assertEqual(delivery.delivered_at, then)
        self.assertGreater(delivery.seen_at, then)

    def test_the_times_of_marks_are_those_of_the_database(self):
        before = timezone.now() - timedelta(seconds=5)
        self.mark("read", self.alice, self.ids)
        found = Delivery.objects.filter(read_at__lte=Now(), read_at__gt=before)
        self.assertEqual(found.count(), 6)

    def test_marking_deliveries_that_do_not_exist_is_no_error(self):
        Notification.objects.filter(pk=self.ids[0]).delete()
        marked = {self.alice.pk: [*self.ids, 10**12], 10**6: self.ids}
        self.assertEqual(marking.mark("delivered", marked), 5)

    def test_marking_no_delivery_at_all_is_no_error(self):
        for nothing in ({}, {self.alice.pk: []}):
            self.assertEqual(marking.mark("seen", nothing), 0)


class ReadAllTests(DeliveriesTestCase):
    def test_read_all_takes_only_what_was_delivered_and_is_not_newer(self):
        self.mark("delivered", self.alice, self.ids[:2] + self.ids[3:5])
        self.assertEqual(
            sorted(marking.read_all(self.alice.pk, self.ids[3])), [*self.ids[:2], self.ids[3]]
        )
        self.assertEqual(
            self.states(self.alice), ["read", "read", "queued", "read", "delivered", "queued"]
        )

    def test_read_all_names_only_the_ids_that_have_changed(self):
        self.mark("delivered", self.alice, self.ids)
        self.mark("read", self.alice, self.ids[:1])
        self.mark("archived", self.alice, self.ids[1:2])
        self.assertEqual(sorted(marking.read_all(self.alice.pk, self.ids[3])), self.ids[2:4])
        self.assertEqual(marking.read_all(self.alice.pk, self.ids[3]), [])

    def test_read_all_leaves_the_deliveries_of_other_users_alone(self):
        Delivery.objects.all().mark_delivered()
        marking.read_all(self.alice.pk, self.ids[-1])
        self.assertEqual(self.states(self.bob), ["delivered"] * 6)

    def test_read_all_with_nothing_to_read_is_no_error(self):
        self.assertEqual(marking.read_all(10**6, 2**63 - 1), [])


class DeliveryCountTests(DeliveriesTestCase):
    def counts(self, pks):
        return {pk: (mine.queued, mine.unread) for pk, mine in count(pks).items()}

    def test_queued_and_unread_deliveries_are_counted_for_each_user(self):
        self.mark("delivered", self.alice, self.ids[:1])
        self.mark("read", self.alice, self.ids[1:3])
        self.mark("archived", self.alice, self.ids[3:4])
        self.assertEqual(
            self.counts([self.alice.pk, self.bob.pk]), {self.alice.pk: (2, 3), self.bob.pk: (6, 6)}
        )

    def test_counts_leave_out_users_with_nothing_queued_or_unread(self):
        self.mark("read", self.alice, self.ids)
        self.assertEqual(count([self.alice.pk, 10**6]), {})
        self.assertEqual(count([]), {})

    def test_counts_for_many_users_are_one_query(self):
        users = make_users(200)
        notify(users, "Hi")
        pks = list(users.values_list("pk", flat=True))
        with self.assertNumQueries(1):
            self.assertEqual(self.counts(pks), dict.fromkeys(pks, (1, 1)))


class NewestIdTests(DeliveriesTestCase):
    def test_the_newest_id_is_the_highest_of_all_and_0_without_any(self):
        self.assertEqual(newest_id(), self.ids[-1])
        Notification.objects.all().delete()
        self.assertEqual(newest_id(), 0)


class RecipientsAmongTests(DeliveriesTestCase):
    def long_ago(self):
        Delivery.objects.exclude(delivered_at=None).update(
            delivered_at=Now() - timedelta(seconds=2 * ACKNOWLEDGED_LATELY_SECONDS)
        )

    def test_recipients_are_named_by_notification_the_oldest_first(self):
        self.mark("delivered", self.alice, self.ids[:1])
        self.long_ago()
        pks = [self.alice.pk, self.bob.pk]
        found = recipients_among(set(self.ids[:2]), pks)
        self.assertEqual(found, {self.ids[0]: [pks[1]], self.ids[1]: pks})
        self.assertEqual(list(found), self.ids[:2])

    def test_recipients_whose_other_device_acknowledged_a_moment_ago_are_still_named(self):
        pks = [self.alice.pk, self.bob.pk]
        for kind in ("delivered", "seen", "read", "archived"):
            self.mark(kind, self.alice, self.ids[:1])
            self.assertEqual(recipients_among(self.ids[:1], pks), {self.ids[0]: pks}, kind)

    def test_recipients_whose_delivery_was_dropped_are_not_named(self):
        Delivery.objects.filter(recipient=self.alice, notification=self.ids[0]).drop()
        self.assertEqual(recipients_among(self.ids[:1], [self.alice.pk]), {})

    def test_recipients_that_were_not_asked_about_are_not_named(self):
        bob = [self.bob.pk]
        self.assertEqual(recipients_among(self.ids[:1], bob), {self.ids[0]: bob})
        self.assertEqual(recipients_among([10**12], bob), {})
        self.assertEqual(recipients_among([], bob), {})
        self.assertEqual(recipients_among(self.ids, []), {})

    def test_of_very_many_recipients_only_those_asked_about_are_named(self):
        everybody = make_users(2 * MANY + 1)
        first, second = asked = list(everybody.order_by("pk")[:2])
        few, many = notify(asked, "few").pk, notify(everybody, "many").pk
        self.mark("delivered", first, [few])
        self.mark("delivered", second, [many])
        pks = [first.pk, second.pk]
        both = {few: pks, many: pks}
        found = recipients_among([few, many], pks)
        self.assertEqual({number: sorted(listed) for number, listed in found.items()}, both)
        self.long_ago()
        found = recipients_among([few, many], pks)
        self.assertEqual(found, {few: [second.pk], many: [first.pk]})
        self.mark("delivered", first, [many])
        self.long_ago()
        self.assertEqual(recipients_among([many], pks), {})


class IdsAfterTests(DeliveriesTestCase):
    def test_the_newest_ids_above_an_id_come_in_order(self):
        self.assertEqual(ids_after(self.ids[1], 100), self.ids[2:])
        self.assertEqual(ids_after(self.ids[1], 2), self.ids[4:])
        self.assertEqual(ids_after(self.ids[-1], 2), [])


class OverdueTests(DeliveriesTestCase):
    def age(self, ids, seconds):
        created_at = Now() - timedelta(seconds=seconds)
        Notification.objects.filter(pk__in=ids).update(created_at=created_at)

    def test_deliveries_older_than_the_grace_are_overdue(self):
        self.age(self.ids[:2], 60)
        pks = [self.alice.pk, self.bob.pk]
        expected = [(pk, number) for pk in pks for number in self.ids[:2]]
        self.assertEqual(queue.overdue(pks, 30, 10), expected)
        self.assertEqual(queue.overdue(pks, 90, 10), [])

    def test_overdue_deliveries_are_the_oldest_few_of_each_user(self):
        self.age(self.ids, 60)
        pairs = queue.overdue([self.alice.pk, self.bob.pk], 30, 2)
        expected = [(pk, number) for pk in (self.alice.pk, self.bob.pk) for number in self.ids[:2]]
        self.assertEqual(pairs, expected)

    def test_deliveries_sent_before_a_clock_was_set_back_are_overdue(self):
        self.age(self.ids[:1], -1800)
        pairs = queue.overdue([self.alice.pk], 30, 10)
        self.assertEqual(pairs, [(self.alice.pk, self.ids[0])])

    def test_acknowledged_deliveries_are_never_overdue(self):
        self.age(self.ids, 60)
        self.mark("delivered", self.alice, self.ids)
        self.assertEqual(queue.overdue([self.alice.pk], 30, 10), [])

    def test_overdue_deliveries_take_two_queries_and_none_without_users(self):
        self.age(self.ids, 60)
        with self.assertNumQueries(2):
            queue.overdue([self.alice.pk, self.bob.pk], 30, 10)
        with self.assertNumQueries(0):
            self.assertEqual(queue.overdue([], 30, 10), [])


class NotificationTextTests(DeliveriesTestCase):
    def test_texts_of_notifications_are_frames_by_id(self):
        texts = read_frames(self.ids[:2])
        self.assertEqual(sorted(texts), self.ids[:2])
        frame = json.loads(texts[self.ids[0]][0])
        self.assertEqual(
            (frame["type"], frame["id"], frame["title"]), ("notification", self.ids[0], "n0")
        )

    def test_texts_leave_out_notifications_that_are_expired_or_gone(self):
        expired, soon, gone = self.ids[:3]
        now = timezone.now()
        Notification.objects.filter(pk=expired).update(expires_at=now - timedelta(seconds=1))
        Notification.objects.filter(pk=soon).update(expires_at=now + timedelta(minutes=1))
        Notification.objects.filter(pk=gone).delete()
        self.assertEqual(list(read_frames([expired, soon, gone, 10**12])), [soon])

    def test_texts_of_many_notifications_are_one_query(self):
        with self.assertNumQueries(1):
            self.assertEqual(len(read_frames(self.ids)), 6)


class ExpiryTests(DeliveriesTestCase):
    """What has expired is in no queue and no count, and in nobody's way."""

    @classmethod
    def setUpTestData(cls):
        super().setUpTestData()
        past = timezone.now() - timedelta(seconds=1)
        cls.expired, cls.ids = cls.ids[:3], cls.ids[3:]
        Notification.objects.filter(pk__in=cls.expired).update(expires_at=past)
        Notification.objects.update(created_at=Now() - timedelta(minutes=1))

    def test_counts_leave_out_expired_notifications(self):
        self.mark("delivered", self.alice, [self.expired[0], self.ids[0]])
        mine = count([self.alice.pk])[self.alice.pk]
        self.assertEqual((mine.queued, mine.unread, mine.oldest), (2, 3, self.ids[1]))

    def test_a_replay_leaves_out_expired_notifications(self):
        self.assertEqual(queue.replay([(self.alice.pk, 0)], 2), [self.ids[:2]])

    def test_the_sweep_gets_past_any_number_of_expired_notifications(self):
        pairs = queue.overdue([self.alice.pk], 2, len(self.expired))
        self.assertEqual(pairs, [(self.alice.pk, number) for number in self.ids])

    def test_an_announcement_of_expired_notifications_is_for_nobody(self):
        pks = [self.alice.pk, self.bob.pk]
        for among in (pks, [10**6]):  # few who have it, and more than are asked about
            found = recipients_among([*self.expired, self.ids[0]], among)
            self.assertEqual(set(found), {self.ids[0]} if among is pks else set())

    def test_read_all_leaves_out_expired_notifications(self):
        Delivery.objects.all().mark_delivered()
        self.assertEqual(sorted(marking.read_all(self.alice.pk, 2**62)), self.ids)

    @override_settings(NOTIFICATIONS={"MAX_QUEUED": 3})
    def test_expired_notifications_fill_no_queue(self):
        self.assertEqual(drop_excess(count([self.alice.pk])), {})
        self.assertFalse(Delivery.objects.dropped().exists())


class QueryPlanTests(TestCase):
    """The queue and the unread count are read from partial indexes, whatever else is stored."""

    @classmethod
    def setUpTestData(cls):
        users = make_users(300)
        cls.ids = [notify(users, f"n{number}").pk for number in range(40)]
        Delivery.objects.filter(notification_id__in=cls.ids[:-2]).mark_read()
        cls.pks = list(User.objects.order_by("pk").values_list("pk", flat=True)[:3])
        cls.partial = [index.name for index in Delivery._meta.indexes if index.condition]
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE durable_notifications_delivery")

    def assert_reads_a_partial_index(self, job):
        with CaptureQueriesContext(connection) as queries:
            job()
        for query in queries:
            plan = self.explain(query["sql"])
            if "durable_notifications_delivery" in query["sql"]:
                self.assertTrue(any(name in plan for name in self.partial), plan)
                self.assertNotRegex(plan, FULL_SCAN)

    def explain(self, statement):
        how = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
        with connection.cursor() as cursor:
            cursor.execute(f"{how} {statement}")
            return "\n".join(str(row[-1]) for row in cursor.fetchall())

    def test_a_replay_reads_a_partial_index(self):
        self.assert_reads_a_partial_index(lambda: queue.replay([(pk, 0) for pk in self.pks], 10))

    def test_counts_of_users_read_a_partial_index(self):
        self.assert_reads_a_partial_index(lambda: count(self.pks))

    def test_recipients_of_an_announcement_are_found_without_a_full_scan(self):
        with CaptureQueriesContext(connection) as queries:
            recipients_among(self.ids[-2:], self.pks)
        self.assertEqual(len(queries), 2)
        for query in queries:
            self.assertNotRegex(self.explain(query["sql"]), FULL_SCAN)

    def test_the_sweep_reads_a_partial_index(self):
        self.assert_reads_a_partial_index(lambda: queue.overdue(self.pks, 0, 10))
