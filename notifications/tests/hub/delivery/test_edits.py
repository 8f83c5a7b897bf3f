import asyncio
import json
from datetime import timedelta
from unittest import mock

from asgiref.sync import sync_to_async
from django.test import tag

from notifications.db.clock import Now
from notifications.hub import get_hub
from notifications.hub.sockets.outbox import MAX_WAITING_FRAMES
from notifications.models import Notification
from notifications.send import aedit, anotify, arecall
from notifications.sending import fanout
from notifications.store import marking

from ...hubs import HubTestCase, quick, write_rows


@quick()
class EditsTests(HubTestCase):
    async def test_users_who_have_a_notification_are_told_its_new_words_in_every_tab(self):
        ada = self.ada
        async with self.connected(ada) as one, self.connected(ada) as other:
            sent = await anotify(ada, "old")
            for tab in (one, other):
                await tab.until_arrived([sent.pk])
            one.ack()
            await self.until_queued(ada, [])
            edited = await aedit(sent, title="new")
            for tab in (one, other):
                frame = await tab.until_frame("edited")
                self.assertEqual(frame["item"], json.loads(edited.frame()))
                self.assertEqual(tab.arrived, [sent.pk])

    async def test_an_edit_is_told_to_nobody_who_does_not_have_the_notification(self):
        async with self.connected(self.ada) as tab, self.connected(self.bob) as stranger:
            sent = await anotify(self.ada, "old")
            await aedit(sent, title="new")
            await tab.until_frame("edited")
            await stranger.settle()
            self.assertEqual(stranger.of("edited"), [])

    async def test_edits_of_one_moment_are_told_as_the_last_one(self):
        sent = await anotify(self.ada, "0")
        async with self.connected(self.ada) as tab:
            for number in range(1, 6):
                await aedit(sent, title=str(number))
            await tab.until(
                lambda: any(f["item"]["title"] == "5" for f in tab.of("edited")), "the last"
            )
            self.assertLess(len(tab.of("edited")), 5)

    async def test_of_very_many_edits_a_client_that_stands_still_for_a_moment_is_told_in_one(self):
        ids = await write_rows([self.ada], 2 * MAX_WAITING_FRAMES)
        async with self.connected(self.ada) as tab:
            await tab.until_arrived(ids)
            tab.ack()
            await tab.settle()
            edits = get_hub()._edits
            tab.reading.clear()
            await Notification.objects.aupdate(title="new", edited_at=Now())
            for number in ids:
                edits.add(number)
            await tab.until(lambda: ids[-1] in edits._told, "all that are told")
            tab.reading.set()
            await tab.settle()
            self.assertEqual(len(tab.of("resync")), 1)
            self.assertLess(len(tab.of("edited")), MAX_WAITING_FRAMES)
            self.assertEqual([f["type"] for f in tab.frames][-2:], ["resync", "pong"])

    async def test_a_client_that_reconnects_is_sent_the_new_words_though_the_hub_kept_the_old(self):
        sent = await anotify(self.ada, "old")
        async with self.connected(self.bob):  # the hub stays, and what it keeps
            async with self.connected(self.ada) as tab:
                await tab.until_arrived([sent.pk])
                await aedit(sent, title="new")
                await tab.until_frame("edited")
            async with self.connected(self.ada) as tab:
                await tab.until_arrived([sent.pk])
                self.assertEqual(tab.notifications[0]["title"], "new")

    async def test_a_recall_is_told_as_a_deletion_with_the_count_of_what_is_left(self):
        first, second = await anotify(self.ada, "first"), await anotify(self.ada, "second")
        async with self.connected(self.ada) as tab:
            await tab.until_arrived([first.pk, second.pk])
            tab.ack()
            await self.until_queued(self.ada, [])
            await arecall(second)
            await tab.until(lambda: any("deleted" in s for s in tab.of("state")), "the recall")
            state = tab.of("state")[-1]
            self.assertEqual((state["unread"], state["deleted"]), (1, [second.pk]))
            self.assertGreaterEqual(state["upto"], second.pk)

    async def test_a_recalled_notification_is_sent_to_nobody_who_waits_for_it(self):
        sent = await anotify(self.ada, "recalled")
        stays = await anotify(self.ada, "stays")
        await arecall(sent)
        async with self.connected(self.ada) as tab:
            self.assertEqual(tab.of("hello")[0]["unread"], 1)
            await tab.until_arrived([stays.pk])
            self.assertEqual(tab.arrived, [stays.pk])

    async def test_a_mark_of_what_was_recalled_is_told_as_its_deletion(self):
        sent = await anotify(self.ada, "recalled")
        async with self.connected(self.ada) as tab:
            await arecall(sent)
            await tab.until_frame("state")
            await sync_to_async(marking.mark)("read", {self.ada.pk: [sent.pk]})
            fanout.state_changed(self.ada.pk, "read", [sent.pk])
            await tab.until(lambda: len(tab.of("state")) == 2, "the second state")
            self.assertEqual(tab.of("state")[1]["deleted"], [sent.pk])

    async def test_a_hint_that_is_late_says_the_words_of_now(self):
        async with self.connected(self.ada) as tab:
            with mock.patch.object(fanout, "publish") as late:
                sent = await anotify(self.ada, "old")
            await aedit(sent, title="new")
            await tab.until_frame("edited")
            await sync_to_async(fanout.publish)(*late.call_args.args)
            await tab.until_arrived([sent.pk])
            self.assertEqual([item["title"] for item in tab.notifications], ["new"])

    async def test_a_hint_that_is_late_shows_nobody_what_was_recalled(self):
        async with self.connected(self.ada) as tab:
            with mock.patch.object(fanout, "publish") as late:
                sent = await anotify(self.ada, "recalled")
            await arecall(sent)
            await tab.until(lambda: any("deleted" in s for s in tab.of("state")), "the recall")
            await sync_to_async(fanout.publish)(*late.call_args.args)
            after = await anotify(self.ada, "after")
            await tab.until_arrived([after.pk])
            announcements = get_hub()._announcements._coalescer
            await announcements.flush()
            self.assertEqual(tab.arrived, [after.pk])

    @quick(FANOUT_LIMIT=0)
    async def test_an_announcement_that_waited_says_the_words_of_now(self):
        async with self.connected(self.ada) as tab:
            coalescer, may_go = get_hub()._announcements._coalescer, asyncio.Event()
            work = coalescer._work

            async def work_later(announced):
                await may_go.wait()
                await work(announced)

            with mock.patch.object(coalescer, "_work", work_later):
                sent = await anotify(self.ada, "old")
                await aedit(sent, title="new")
                await tab.until_frame("edited")
                may_go.set()
                await tab.until_arrived([sent.pk])
            self.assertEqual([item["title"] for item in tab.notifications], ["new"])

    async def test_a_look_for_edits_reaches_back_beyond_the_look_before_however_long_ago(self):
        sent = await anotify(self.ada, "old")
        async with self.connected(self.ada) as tab:
            await tab.until_arrived([sent.pk])
            edits, long_ago = get_hub()._edits, timedelta(seconds=300)
            row = Notification.objects.filter(pk=sent.pk)
            await row.aupdate(title="new", edited_at=Now() - long_ago)
            await edits.look()
            await tab.settle()
            self.assertNotIn(sent.pk, edits)
            edits._looked_at -= long_ago.total_seconds()
            await edits.look()
            self.assertEqual((await tab.until_frame("edited"))["item"]["title"], "new")

    @tag("slow")
    @quick(SWEEP_SECONDS=0.2)
    async def test_the_sweep_tells_once_what_no_hint_has_told_of(self):
        kept, gone = await anotify(self.ada, "old"), await anotify(self.ada, "gone")
        async with self.connected(self.ada) as tab:
            await tab.until_arrived([kept.pk, gone.pk])
            tab.ack()
            await sync_to_async(self.edit_without_a_hint)(kept, gone)
            frame = await tab.until_frame("edited")
            self.assertEqual(frame["item"]["title"], "new")
            await tab.until(lambda: any("deleted" in s for s in tab.of("state")), "the recall")
            await aedit(kept, title="newer")
            await tab.until(lambda: len(tab.of("edited")) == 2, "the next edit")
            self.assertEqual(tab.of("edited")[1]["item"]["title"], "newer")

    def edit_without_a_hint(self, kept, gone):
        Notification.objects.filter(pk=kept.pk).update(title="new", edited_at=Now())
        Notification.objects.filter(pk=gone.pk).update(expires_at=Now(), edited_at=Now())
