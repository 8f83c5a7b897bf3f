import json
from datetime import timedelta

from django.db import connection
from django.db.models.functions import Now
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifications import offline
from notifications.models import Delivery, Notification
from notifications.send import notify

from .users import User, make_user, make_users

FULL_SCAN = r"Seq Scan on notifications_delivery|SCAN notifications_d"


class OfflineTestCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.alice, cls.bob = make_user("alice"), make_user("bob")
        cls.ids = [notify([cls.alice, cls.bob], f"n{number}").pk for number in range(6)]

    def states(self, user):
        deliveries = Delivery.objects.filter(recipient=user).order_by("notification_id")
        return [delivery.state for delivery in deliveries]

    def mark(self, kind, user, ids):
        return offline.mark(kind, {user.pk: ids})


class ReplayTests(OfflineTestCase):
    def test_it_pages_through_the_queue_from_the_oldest_on(self):
        pk, ids = self.alice.pk, self.ids
        self.assertEqual(offline.replay([(pk, 0)], 4), [ids[:4]])
        self.assertEqual(offline.replay([(pk, ids[3])], 4), [ids[4:]])
        self.assertEqual(offline.replay([(pk, ids[5])], 4), [[]])

    def test_each_user_has_a_place_of_the_own(self):
        wanted = [(self.bob.pk, self.ids[2]), (self.alice.pk, 0), (self.bob.pk, self.ids[4])]
        pages = offline.replay(wanted, 2)
        self.assertEqual(pages, [self.ids[3:5], self.ids[:2], self.ids[5:]])

    def test_what_any_device_has_acknowledged_is_not_in_the_queue(self):
        self.mark("delivered", self.alice, self.ids[:2])
        self.mark("read", self.alice, self.ids[2:3])
        self.mark("archived", self.alice, self.ids[3:4])
        pages = offline.replay([(self.alice.pk, 0), (self.bob.pk, 0)], 10)
        self.assertEqual(pages, [self.ids[4:], self.ids])

    def test_somebody_without_a_queue_has_an_empty_page(self):
        self.assertEqual(offline.replay([(10**6, 0), (self.bob.pk, 0)], 1), [[], self.ids[:1]])
        self.assertEqual(offline.replay([], 10), [])

    def test_it_is_one_query_for_many_users(self):
        users = make_users(200)
        notify(users, "Hi")
        wanted = [(pk, 0) for pk in users.values_list("pk", flat=True)]
        with self.assertNumQueries(1):
            pages = offline.replay(wanted, 10)
        self.assertEqual([len(page) for page in pages], [1] * 200)


class MarkTests(OfflineTestCase):
    def test_each_mark_implies_the_earlier_states(self):
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

    def test_it_marks_the_deliveries_of_many_users_at_once(self):
        with self.assertNumQueries(1):
            marked = {self.alice.pk: self.ids[:2], self.bob.pk: self.ids[1:5]}
            self.assertEqual(offline.mark("read", marked), 6)
        self.assertEqual(self.states(self.alice), ["read"] * 2 + ["queued"] * 4)
        self.assertEqual(self.states(self.bob), ["queued"] + ["read"] * 4 + ["queued"])

    def test_marking_again_changes_nothing(self):
        for kind in ("delivered", "seen", "read", "archived"):
            self.assertEqual(self.mark(kind, self.alice, self.ids), 6)
            before = list(Delivery.objects.values())
            self.assertEqual(self.mark(kind, self.alice, self.ids), 0)
            self.assertEqual(list(Delivery.objects.values()), before)

    def test_a_later_mark_keeps_the_times_of_the_earlier_ones(self):
        then = timezone.now() - timedelta(days=1)
        Delivery.objects.update(delivered_at=then)
        self.mark("read", self.alice, self.ids)
        delivery = Delivery.objects.filter(recipient=self.alice).first()
        self.assertEqual(delivery.delivered_at, then)
        self.assertGreater(delivery.seen_at, then)

    def test_the_times_are_the_databases(self):
        before = timezone.now() - timedelta(seconds=5)
        self.mark("read", self.alice, self.ids)
        found = Delivery.objects.filter(read_at__lte=Now(), read_at__gt=before)
        self.assertEqual(found.count(), 6)

    def test_what_does_not_exist_does_not_matter(self):
        Notification.objects.filter(pk=self.ids[0]).delete()
        marked = {self.alice.pk: [*self.ids, 10**12], 10**6: self.ids}
        self.assertEqual(offline.mark("delivered", marked), 5)

    def test_nothing_to_mark_is_no_error(self):
        for nothing in ({}, {self.alice.pk: []}):
            self.assertEqual(offline.mark("seen", nothing), 0)


class ReadAllTests(OfflineTestCase):
    def test_it_reads_only_what_was_delivered_and_is_not_newer(self):
        self.mark("delivered", self.alice, self.ids[:2] + self.ids[3:5])
        self.assertEqual(
            sorted(offline.read_all(self.alice.pk, self.ids[3])), [*self.ids[:2], self.ids[3]]
        )
        self.assertEqual(
            self.states(self.alice), ["read", "read", "queued", "read", "delivered", "queued"]
        )

    def test_it_names_only_what_has_changed(self):
        self.mark("delivered", self.alice, self.ids)
        self.mark("read", self.alice, self.ids[:1])
        self.mark("archived", self.alice, self.ids[1:2])
        self.assertEqual(sorted(offline.read_all(self.alice.pk, self.ids[3])), self.ids[2:4])
        self.assertEqual(offline.read_all(self.alice.pk, self.ids[3]), [])

    def test_others_are_left_alone(self):
        Delivery.objects.all().mark_delivered()
        offline.read_all(self.alice.pk, self.ids[-1])
        self.assertEqual(self.states(self.bob), ["delivered"] * 6)

    def test_nothing_to_read_is_no_error(self):
        self.assertEqual(offline.read_all(10**6, 2**63 - 1), [])


class CountTests(OfflineTestCase):
    def counts(self, pks):
        return {pk: (mine.queued, mine.unread) for pk, mine in offline.counts(pks).items()}

    def test_it_counts_for_each_user(self):
        self.mark("delivered", self.alice, self.ids[:1])
        self.mark("read", self.alice, self.ids[1:3])
        self.mark("archived", self.alice, self.ids[3:4])
        self.assertEqual(
            self.counts([self.alice.pk, self.bob.pk]), {self.alice.pk: (2, 3), self.bob.pk: (6, 6)}
        )

    def test_users_with_nothing_are_left_out(self):
        self.mark("read", self.alice, self.ids)
        self.assertEqual(offline.counts([self.alice.pk, 10**6]), {})
        self.assertEqual(offline.counts([]), {})

    def test_it_is_two_queries_for_many_users(self):
        users = make_users(200)
        notify(users, "Hi")
        pks = list(users.values_list("pk", flat=True))
        with self.assertNumQueries(2):
            self.assertEqual(self.counts(pks), dict.fromkeys(pks, (1, 1)))


class QueuedAmongTests(OfflineTestCase):
    def test_it_says_who_has_which_queued_the_oldest_first(self):
        self.mark("delivered", self.alice, self.ids[:1])
        pks = [self.alice.pk, self.bob.pk]
        found = offline.queued_among(set(self.ids[:2]), pks)
        self.assertEqual(found, {self.ids[0]: [pks[1]], self.ids[1]: pks})
        self.assertEqual(list(found), self.ids[:2])

    def test_it_is_silent_about_everybody_else(self):
        bob = [self.bob.pk]
        self.assertEqual(offline.queued_among(self.ids[:1], bob), {self.ids[0]: bob})
        self.assertEqual(offline.queued_among([10**12], bob), {})
        self.assertEqual(offline.queued_among([], bob), {})
        self.assertEqual(offline.queued_among(self.ids, []), {})

    def test_of_very_many_recipients_it_looks_for_those_asked_about_alone(self):
        everybody = make_users(2 * offline.MANY + 1)
        first, second = asked = list(everybody.order_by("pk")[:2])
        few, many = notify(asked, "few").pk, notify(everybody, "many").pk
        self.mark("delivered", first, [few])
        self.mark("delivered", second, [many])
        pks = [first.pk, second.pk]
        found = offline.queued_among([few, many], pks)
        self.assertEqual(found, {few: [second.pk], many: [first.pk]})
        self.mark("delivered", first, [many])
        self.assertEqual(offline.queued_among([many], pks), {})


class OverdueTests(OfflineTestCase):
    def age(self, ids, seconds):
        created_at = Now() - timedelta(seconds=seconds)
        Notification.objects.filter(pk__in=ids).update(created_at=created_at)

    def test_it_finds_what_is_older_than_the_grace(self):
        self.age(self.ids[:2], 60)
        pks = [self.alice.pk, self.bob.pk]
        expected = [(pk, number) for pk in pks for number in self.ids[:2]]
        self.assertEqual(offline.overdue(pks, 30, 10), expected)
        self.assertEqual(offline.overdue(pks, 90, 10), [])

    def test_it_gives_each_user_the_oldest_few(self):
        self.age(self.ids, 60)
        pairs = offline.overdue([self.alice.pk, self.bob.pk], 30, 2)
        expected = [(pk, number) for pk in (self.alice.pk, self.bob.pk) for number in self.ids[:2]]
        self.assertEqual(pairs, expected)

    def test_what_was_acknowledged_is_never_overdue(self):
        self.age(self.ids, 60)
        self.mark("delivered", self.alice, self.ids)
        self.assertEqual(offline.overdue([self.alice.pk], 30, 10), [])

    def test_it_is_two_queries_and_none_for_nobody(self):
        self.age(self.ids, 60)
        with self.assertNumQueries(2):
            offline.overdue([self.alice.pk, self.bob.pk], 30, 10)
        with self.assertNumQueries(0):
            self.assertEqual(offline.overdue([], 30, 10), [])


class TextTests(OfflineTestCase):
    def test_it_gives_the_frames_by_id(self):
        texts = offline.texts(self.ids[:2])
        self.assertEqual(sorted(texts), self.ids[:2])
        frame = json.loads(texts[self.ids[0]][0])
        self.assertEqual(
            (frame["type"], frame["id"], frame["title"]), ("notification", self.ids[0], "n0")
        )

    def test_it_leaves_out_what_is_expired_or_gone(self):
        expired, soon, gone = self.ids[:3]
        now = timezone.now()
        Notification.objects.filter(pk=expired).update(expires_at=now - timedelta(seconds=1))
        Notification.objects.filter(pk=soon).update(expires_at=now + timedelta(minutes=1))
        Notification.objects.filter(pk=gone).delete()
        self.assertEqual(list(offline.texts([expired, soon, gone, 10**12])), [soon])

    def test_it_is_one_query(self):
        with self.assertNumQueries(1):
            self.assertEqual(len(offline.texts(self.ids)), 6)


class PlanTests(TestCase):
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
                cursor.execute("ANALYZE notifications_delivery")

    def assert_reads_a_partial_index(self, job):
        with CaptureQueriesContext(connection) as queries:
            job()
        for query in queries:
            plan = self.explain(query["sql"])
            if "notifications_delivery" in query["sql"]:
                self.assertTrue(any(name in plan for name in self.partial), plan)
                self.assertNotRegex(plan, FULL_SCAN)

    def explain(self, statement):
        how = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
        with connection.cursor() as cursor:
            cursor.execute(f"{how} {statement}")
            return "\n".join(str(row[-1]) for row in cursor.fetchall())

    def test_replay(self):
        self.assert_reads_a_partial_index(lambda: offline.replay([(pk, 0) for pk in self.pks], 10))

    def test_counts(self):
        self.assert_reads_a_partial_index(lambda: offline.counts(self.pks))

    def test_announcements(self):
        with CaptureQueriesContext(connection) as queries:
            offline.queued_among(self.ids[-2:], self.pks)
        self.assertEqual(len(queries), 2)
        for query in queries:
            self.assertNotRegex(self.explain(query["sql"]), FULL_SCAN)

    def test_the_sweep(self):
        self.assert_reads_a_partial_index(lambda: offline.overdue(self.pks, 0, 10))
