from datetime import timedelta

from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.test import TestCase
from django.utils import timezone

from notifications.models import Delivery, Notification
from notifications.send import notify
from notifications.store import marking
from notifications.store.own.listing import Filters, count_new, one, page

from ...users import make_user


class ListingTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.alice, cls.bob = make_user("alice"), make_user("bob")
        cls.team = Group.objects.create(name="team")
        cls.ids = [
            notify([cls.alice, cls.bob], "a", category="orders").pk,
            notify(cls.alice, "b", level="error", target=cls.team).pk,
            notify(cls.alice, "c", category="chat", level="warning").pk,
            notify(cls.bob, "d").pk,
            notify(cls.alice, "e", category="orders").pk,
        ]
        marking.mark("read", {cls.alice.pk: cls.ids[:1]})
        marking.mark("seen", {cls.alice.pk: cls.ids[1:2]})
        marking.mark("archived", {cls.alice.pk: cls.ids[2:3]})

    def listed(self, before=None, size=10, **filters):
        listed, _ = page(self.alice.pk, Filters(**filters), before, size)
        return [entry.content["title"] for entry in listed]

    def test_the_list_is_newest_first_without_the_archive_and_others(self):
        self.assertEqual(self.listed(), ["e", "b", "a"])
        self.assertEqual(self.listed(archived=True), ["c"])

    def test_pages_follow_each_other_without_a_gap(self):
        first, further = page(self.alice.pk, Filters(), None, 2)
        self.assertEqual([entry.content["title"] for entry in first], ["e", "b"])
        rest, end = page(self.alice.pk, Filters(), further, 2)
        self.assertEqual(([entry.content["title"] for entry in rest], end), (["a"], 0))

    def test_a_page_that_is_just_full_is_the_last(self):
        self.assertEqual(page(self.alice.pk, Filters(), None, 3)[1], 0)

    def test_each_filter_leaves_what_it_names(self):
        for filters, titles in (
            ({"unread": True}, ["e", "b"]),
            ({"unread": False}, ["a"]),
            ({"unseen": True}, ["e"]),
            ({"unseen": False}, ["b", "a"]),
            ({"categories": ["orders", "chat"]}, ["e", "a"]),
            ({"levels": ["error", "warning"]}, ["b"]),
            ({"since": timezone.now() - timedelta(hours=1)}, ["e", "b", "a"]),
            ({"since": timezone.now() + timedelta(hours=1)}, []),
            ({"target": (ContentType.objects.get_for_model(Group), str(self.team.pk))}, ["b"]),
            ({"archived": True, "levels": ["warning"]}, ["c"]),
        ):
            with self.subTest(**filters):
                self.assertEqual(self.listed(**filters), titles)

    def test_an_expired_notification_is_in_no_list_and_no_count(self):
        Notification.objects.filter(pk__in=self.ids[2:]).update(expires_at=timezone.now())
        self.assertEqual((self.listed(), self.listed(archived=True)), (["b", "a"], []))
        self.assertIsNone(one(self.alice.pk, self.ids[4]))
        self.assertEqual(count_new(self.alice.pk), (1, 0))

    def test_the_counts_are_those_of_the_querysets(self):
        mine = Delivery.objects.filter(recipient=self.alice)
        self.assertEqual(count_new(self.alice.pk), (2, 1))
        self.assertEqual(count_new(self.alice.pk), (mine.unread().count(), mine.unseen().count()))

    def test_one_is_found_for_its_recipient_alone(self):
        archived = one(self.alice.pk, self.ids[2])
        self.assertEqual(archived.content["title"], "c")
        self.assertIsNotNone(archived.times["archived_at"])
        self.assertIsNone(one(self.bob.pk, self.ids[2]))
