import json
from datetime import datetime, timedelta
from io import StringIO
from unittest import mock

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import TransactionTestCase, override_settings
from django.utils import timezone

from notifications.db.traces import SHIFTS, Device, Door, pack
from notifications.exceptions import InvalidRecipient
from notifications.models import Delivery, Notification
from notifications.privacy import Erased, erase_user, export_user, forget_gone_users
from notifications.privacy.erasing import count_of
from notifications.send import notify, recall
from notifications.story.steps import story_of

from ..hubs import HubTestCase, quick
from ..store.test_unreadable import NEVER, impossible, write
from .dumps import dump

User = get_user_model()


class PrivacyTestCase(TransactionTestCase):
    def setUp(self):
        self.ada = User.objects.create_user("ada-lovelace")
        self.bob = User.objects.create_user("bob")
        self.alone = notify(self.ada, "for her alone", body="a secret of hers")
        self.shared = notify([self.ada, self.bob], "for both")
        self.by_her = notify(self.bob, "by her", actor=self.ada)
        self.about_her = notify(self.bob, "about her", actor=self.bob, target=self.ada)

    def run_command(self, *words):
        out = StringIO()
        call_command(*words, stdout=out)
        return out.getvalue()


class ErasureTests(PrivacyTestCase):
    def test_an_erased_user_is_nowhere_in_the_tables_and_others_keep_what_is_theirs(self):
        self.assertEqual(erase_user(self.ada), Erased(2, 1, 2))
        for trace in ("ada-lovelace", "secret", "for her alone"):
            self.assertNotIn(trace, dump())
        self.assertFalse(Delivery.objects.filter(recipient=self.ada).exists())
        self.assertEqual(Delivery.objects.filter(recipient=self.bob).count(), 3)
        by_her = Notification.objects.get(pk=self.by_her.pk)
        self.assertEqual((by_her.actor, by_her.actor_text), (None, "somebody"))
        about_her = Notification.objects.get(pk=self.about_her.pk)
        self.assertEqual((about_her.actor, about_her.target_text), (self.bob, "somebody"))

    def test_erasing_twice_changes_nothing_more(self):
        erase_user(self.ada.pk)
        self.assertEqual(erase_user(self.ada.pk), Erased(0, 0, 0))

    def test_an_object_of_another_kind_with_the_same_key_keeps_its_name(self):
        team = Group.objects.create(pk=self.ada.pk, name="a team")
        kept = notify(self.bob, "of a team", actor=team)
        erase_user(self.ada)
        self.assertEqual(Notification.objects.get(pk=kept.pk).actor, team)

    def test_a_recalled_notification_is_told_as_recalled_when_its_actor_is_erased(self):
        recall(self.by_her)
        erase_user(self.ada)
        recalled = Notification.objects.get(pk=self.by_her.pk)
        self.assertEqual(recalled.actor_text, "somebody")
        self.assertIn("It was recalled.", [step.text for step in story_of(recalled, self.bob.pk)])

    def test_erasing_somebody_who_is_no_user_is_refused_and_changes_nothing(self):
        before = dump()
        for nobody in ("nobody", 2**63, f"-{2**70}"):
            for ask in (
                erase_user,
                lambda user: count_of([user]),
                lambda user: [*export_user(user)],
            ):
                with self.assertRaisesRegex(InvalidRecipient, "is not a primary key of a user"):
                    ask(nobody)
        with self.assertRaisesMessage(CommandError, "no user 'nobody'"):
            self.run_command("erase_notifications", "nobody")
        self.assertEqual(dump(), before)

    def test_the_command_says_what_went(self):
        out = self.run_command("erase_notifications", "ada-lovelace")
        self.assertIn("Deleted 2 deliveries and 1 notifications that nobody else had; 2", out)


class DeletedUserTests(PrivacyTestCase):
    def test_pruning_forgets_who_was_deleted_and_what_nobody_has(self):
        self.ada.delete()
        old = timezone.now() - timedelta(days=2)
        Notification.objects.filter(pk=self.alone.pk).update(created_at=old)
        self.run_command("prune_notifications")
        for trace in ("ada-lovelace", "secret"):
            self.assertNotIn(trace, dump())
        self.assertEqual(Notification.objects.count(), 3)
        self.assertEqual(Notification.objects.get(pk=self.about_her.pk).actor, self.bob)

    def test_pruning_passes_by_an_actor_whose_key_is_none(self):
        Notification.objects.filter(pk=self.by_her.pk).update(actor_object_id="no key")
        self.ada.delete()
        self.run_command("prune_notifications")
        self.assertEqual(Notification.objects.get(pk=self.about_her.pk).target_text, "somebody")

    def test_pruning_passes_by_an_actor_whose_key_is_beyond_all_integers(self):
        Notification.objects.filter(pk=self.by_her.pk).update(actor_object_id=str(2**70))
        self.ada.delete()
        self.run_command("prune_notifications")
        self.assertEqual(Notification.objects.get(pk=self.about_her.pk).target_text, "somebody")

    def test_pruning_keeps_for_a_day_what_nobody_has(self):
        Delivery.objects.filter(notification=self.alone.pk).delete()
        self.run_command("prune_notifications")
        self.assertTrue(Notification.objects.filter(pk=self.alone.pk).exists())


class ExportTests(PrivacyTestCase):
    def test_an_export_says_from_what_kind_of_device_each_step_came_as_far_as_it_is_known(self):
        traces = pack(Door.HTTP, Device.HANDHELD) << SHIFTS["read_at"]
        Delivery.objects.filter(notification=self.alone.pk).update(traces=traces)
        lines = [json.loads(line) for line in export_user(self.ada)]
        known = [line["traces"] for line in lines if line["kind"] == "delivery"]
        self.assertEqual(known, [{"read_at": ["http", "handheld"]}, {}])

    def test_an_export_has_what_the_user_has_and_where_others_name_her(self):
        Delivery.objects.filter(notification=self.alone.pk).mark_read()
        lines = [json.loads(line) for line in export_user(self.ada)]
        kinds = [(line["kind"], line["id"], line.get("as")) for line in lines]
        expected = [
            ("delivery", self.alone.pk, None),
            ("delivery", self.shared.pk, None),
            ("mention", self.by_her.pk, "actor"),
            ("mention", self.about_her.pk, "target"),
        ]
        self.assertEqual(kinds, expected)
        self.assertEqual((lines[0]["body"], lines[0]["state"]), ("a secret of hers", "read"))
        self.assertTrue(lines[0]["read_at"] and lines[1]["read_at"] is None)

    def test_an_export_has_mentions_whose_time_cannot_be_read(self):
        write(self.by_her, "created_at", NEVER[connection.vendor])
        mentions = [json.loads(line) for line in export_user(self.ada)][2:]
        self.assertEqual([one["id"] for one in mentions], [self.by_her.pk, self.about_her.pk])
        self.assertEqual([bool(one["created_at"]) for one in mentions], [False, True])

    def test_an_export_has_all_others_whatever_cannot_be_read_of_one(self):
        for column, value in impossible():
            with self.subTest(column=column, value=value[:30]):
                write(self.alone, column, value)
                ids = [json.loads(line)["id"] for line in export_user(self.ada)]
                expected = [self.alone, self.shared, self.by_her, self.about_her]
                self.assertEqual(ids, [notification.pk for notification in expected])

    @override_settings(USE_TZ=False, TIME_ZONE="Asia/Tokyo")
    def test_an_export_tells_utc_where_a_site_has_no_time_zones(self):
        noon_in_tokyo = datetime(2026, 7, 1, 21)
        Delivery.objects.filter(notification=self.alone.pk).update(read_at=noon_in_tokyo)
        Notification.objects.update(created_at=noon_in_tokyo)
        lines = [json.loads(line) for line in export_user(self.ada)]
        self.assertEqual(lines[0]["read_at"], "2026-07-01T12:00:00Z")
        self.assertEqual({line["created_at"] for line in lines}, {"2026-07-01T12:00:00Z"})

    def test_the_command_prints_a_line_of_json_for_each(self):
        out = self.run_command("export_notifications", "bob")
        self.assertEqual(len([json.loads(line) for line in out.splitlines()]), 4)


class OpenTabTests(HubTestCase):
    async def test_open_tabs_of_an_erased_user_load_their_lists_again(self):
        await sync_to_async(notify)(self.ada, "gone soon")
        async with self.connected(self.ada) as tab:
            await sync_to_async(erase_user)(self.ada)
            await tab.until_frame("resync")
            self.assertEqual(tab.of("state")[-1]["unread"], 0)

    async def test_the_name_of_an_erased_user_leaves_open_tabs_and_what_their_hub_keeps(self):
        sent = await sync_to_async(notify)(self.bob, "by her", actor=self.ada)
        async with self.connected(self.bob) as tab:
            await tab.until_arrived([sent.pk])
            await sync_to_async(erase_user)(self.ada)
            edited = await tab.until_frame("edited")
            self.assertEqual(edited["item"]["actor"], "somebody")
            async with self.connected(self.bob) as later:
                await later.until_arrived([sent.pk])
                self.assertEqual(later.notifications[0]["actor"], "somebody")

    async def test_a_hub_that_nothing_tells_of_a_gone_user_learns_it_from_the_rows(self):
        sent = await sync_to_async(notify)(self.bob, "by her", actor=self.ada)
        with quick(SWEEP_SECONDS=0.1), mock.patch("notifications.sending.fanout.publish"):
            async with self.connected(self.bob) as tab:
                await tab.until_arrived([sent.pk])
                await self.ada.adelete()
                await sync_to_async(forget_gone_users)()
                edited = await tab.until_frame("edited")
                self.assertEqual(edited["item"]["actor"], "somebody")

    async def test_a_hub_keeps_no_words_where_more_was_edited_than_it_looks_at(self):
        with (
            quick(SWEEP_SECONDS=0.1),
            mock.patch("notifications.sending.fanout.publish"),
            mock.patch("notifications.store.ids.MAX_EDITS", 1),
            mock.patch("notifications.hub.delivery.edits.MAX_EDITS", 1),
        ):
            sent = [await sync_to_async(notify)(self.bob, "by", actor=self.ada) for _ in range(3)]
            async with self.connected(self.bob) as tab:
                await tab.until_arrived([one.pk for one in sent])
                await sync_to_async(erase_user)(self.ada)
                await tab.until_frame("edited")
                async with self.connected(self.bob) as later:
                    await later.until_arrived([one.pk for one in sent])
                    names = {one["actor"] for one in later.notifications}
                    self.assertEqual(names, {"somebody"})
