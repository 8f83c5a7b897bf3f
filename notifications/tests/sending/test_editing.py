from datetime import timedelta
from unittest import mock

from django.db import transaction
from django.test import TestCase, TransactionTestCase
from django.utils import timezone

from notifications.db.clock import Now, ago
from notifications.exceptions import InvalidNotification
from notifications.models import Delivery, Notification
from notifications.send import aedit, arecall, edit, notify, recall
from notifications.store import marking
from notifications.store.pruning import prune
from notifications.wire.hints import HUBS, Edited

from ..listening import ListeningMixin
from ..users import make_user, make_users


class EditTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.ada = make_user("ada")
        cls.sent = notify(cls.ada, "Shiped", body="on its way", data={"order": 17}, key="k")

    def test_an_edit_changes_the_words_that_are_named_and_leaves_the_rest(self):
        marking.mark("read", {self.ada.pk: [self.sent.pk]})
        now = edit(self.sent, title="Shipped", level="success")
        self.assertEqual((now.title, now.body, now.level), ("Shipped", "on its way", "success"))
        self.assertEqual((now.pk, now.created_at), (self.sent.pk, self.sent.created_at))
        self.assertGreaterEqual(now.edited_at, now.created_at)
        self.assertEqual(Delivery.objects.get().state, "read")
        self.assertEqual(Notification.objects.get().frame(), now.frame())

    def test_a_notification_to_edit_may_be_given_by_primary_key(self):
        self.assertEqual(edit(self.sent.pk, data=None).data, {})

    def test_a_frame_says_when_its_notification_was_edited_and_else_nothing_of_it(self):
        self.assertNotIn("edited_at", self.sent.frame())
        self.assertIn('"edited_at":"20', edit(self.sent, title="Shipped").frame())

    def test_words_that_a_notification_has_already_are_no_edit(self):
        self.assertIsNone(edit(self.sent, title="Shiped", data={"order": 17}).edited_at)

    def test_an_edit_to_words_that_could_not_be_sent_is_refused_before_anything_changes(self):
        for words in (
            {"title": " "},
            {"title": "x" * 201},
            {"body": "x" * 9000},
            {"level": "loud"},
            {"url": "javascript:alert(1)"},
            {"data": {"x": {1}}},
        ):
            with self.subTest(words), self.assertRaises(InvalidNotification):
                edit(self.sent, **{"category": "changed"} | words)
        self.assertEqual(Notification.objects.get().frame(), self.sent.frame())

    def test_an_edit_of_what_expires_in_that_moment_returns_it_as_it_is_now(self):
        def expire(*_):
            Notification.objects.update(expires_at=Now())

        with mock.patch("notifications.sending.fanout.edited_on_commit", expire):
            now = edit(self.sent, title="Shipped")
        self.assertEqual((now.title, now.is_expired), ("Shipped", True))

    def test_key_expiry_time_and_actor_cannot_be_edited(self):
        for name in ("key", "expires_at", "created_at", "actor"):
            with self.assertRaisesRegex(TypeError, f"{name} cannot be edited"):
                edit(self.sent, **{name: None})

    def test_an_edit_of_a_notification_that_was_never_sent_or_is_gone_is_refused(self):
        recall(notify(self.ada, "recalled"))
        recalled = Notification.objects.get(title="recalled")
        for other in (Notification(title="new"), None, "7", True, 10**12, 2**70, recalled):
            with self.subTest(other), self.assertRaises(InvalidNotification):
                edit(other, title="x")


class RecallTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.users = list(make_users(3))
        cls.sent = notify(cls.users, "sent by mistake", key="k")
        marking.mark("delivered", {cls.users[0].pk: [cls.sent.pk]})
        marking.mark("archived", {cls.users[1].pk: [cls.sent.pk]})

    def test_a_recalled_notification_leaves_every_queue_list_and_count(self):
        self.assertTrue(recall(self.sent))
        mine = Delivery.objects.all()
        for state in (mine.queued(), mine.unread(), mine.inbox(), mine.current()):
            self.assertEqual(state.count(), 0)
        for user in self.users[:2]:
            self.client.force_login(user)
            for path, status in (("", 200), ("?archived=true", 200), (f"{self.sent.pk}/", 404)):
                answer = self.client.get(f"/notifications/{path}")
                self.assertEqual(answer.status_code, status)
                self.assertEqual(answer.json().get("items", []), [])

    def test_a_notification_that_was_recalled_or_has_expired_is_not_recalled_again(self):
        self.assertTrue(recall(self.sent.pk))
        self.assertFalse(recall(self.sent))
        past = timezone.now() - timedelta(seconds=1)
        self.assertFalse(recall(notify(self.users, "old", expires_at=past)))
        self.assertFalse(recall(10**12))

    def test_the_key_of_a_recalled_notification_reaches_nobody_until_its_rows_are_pruned(self):
        recall(self.sent)
        late = make_user("late")
        self.assertEqual(notify(late, "sent by mistake", key="k").pk, self.sent.pk)
        self.assertEqual(Delivery.objects.filter(recipient=late).queued().count(), 0)
        Notification.objects.update(edited_at=ago(timedelta(minutes=6)))
        prune(365, batch_size=10, done=lambda _: None)
        self.assertEqual(Notification.objects.count(), 0)

    def test_a_recalled_notification_is_not_pruned_while_its_recall_is_told(self):
        recall(self.sent)
        prune(365, batch_size=10, done=lambda _: None)
        self.assertEqual(Delivery.objects.count(), 3)

    def test_a_recall_of_something_else_than_a_notification_is_refused(self):
        for other in (Notification(title="new"), None, "7"):
            with self.assertRaisesRegex(InvalidNotification, "is no notification that was sent"):
                recall(other)


class CommitTests(ListeningMixin, TransactionTestCase):
    def setUp(self):
        super().setUp()
        self.sent = notify(make_user("ada"), "title")
        self.listener = self.listen(HUBS)

    def heard(self):
        return [hint for _, hint in self.listener.heard()]

    def test_hubs_hear_of_edits_and_recalls_behind_the_commit_and_never_of_a_rollback(self):
        with transaction.atomic():
            edit(self.sent, title="new")
            self.assertEqual(self.heard(), [])
        self.assertEqual(self.heard(), [Edited(self.sent.pk)])
        with transaction.atomic():
            recall(self.sent)
            transaction.set_rollback(True)
        self.assertEqual(len(self.heard()), 1)
        self.assertTrue(recall(self.sent))
        self.assertEqual(self.heard(), [Edited(self.sent.pk)] * 2)

    async def test_edit_and_recall_have_twins_for_async_code(self):
        self.assertEqual((await aedit(self.sent, title="new")).title, "new")
        self.assertTrue(await arecall(self.sent))
