import asyncio
from unittest import mock

from django.test import override_settings, tag

from notifications.hub import get_hub
from notifications.hub.delivery import unread as unread_counts
from notifications.hub.delivery.unread import PAUSE_SECONDS
from notifications.layers import get_hints_layer
from notifications.models import Delivery
from notifications.send import anotify, notify
from notifications.store import counting as unread
from notifications.tests.hubs import HubTestCase, quick, write_rows
from notifications.tests.waiting import until, wait_until
from notifications.wire import hints


@quick()
class UnreadStateTests(HubTestCase):
    async def test_reading_in_one_tab_reaches_the_others_with_a_count(self):
        stored = await write_rows([self.ada], 3)
        async with self.connected(self.ada) as tab, self.connected(self.ada) as other:
            self.assertEqual(other.of("hello")[0]["unread"], 3)
            tab.send({"type": "read", "ids": stored[:1]})
            state = await other.until_frame("state")
            expected = {"type": "state", "unread": 2, "upto": stored[2], "read": stored[:1]}
            self.assertEqual(state, expected)
        delivery = await Delivery.objects.aget(notification_id=stored[0])
        self.assertTrue(delivery.delivered_at and delivery.seen_at and delivery.read_at)

    async def test_a_state_frame_names_only_what_has_changed(self):
        stored, [others] = await write_rows([self.ada], 3), await write_rows([self.bob], 1)
        async with self.connected(self.ada) as tab, self.connected(self.ada) as other:
            tab.send({"type": "read", "ids": stored[:1]})
            await other.until_frame("state")
            tab.send({"type": "read", "ids": [*stored[:2], others, 10**12, stored[1]]})
            await other.until(lambda: len(other.of("state")) == 2, "the second state")
            self.assertEqual(other.of("state")[1]["read"], stored[1:2])
            await tab.until(lambda: tab.of("state") == other.of("state"), "the same in both tabs")

    @tag("slow")
    async def test_nobody_is_told_of_marks_that_change_nothing(self):
        stored, [others] = await write_rows([self.ada], 2), await write_rows([self.bob], 1)
        async with self.connected(self.ada) as tab, self.connected(self.bob) as bob:
            tab.send({"type": "read", "ids": stored[:1]})
            await tab.until_frame("state")
            for kind in ("seen", "read", "archive"):
                tab.send({"type": kind, "ids": [others, 10**12]})
            tab.send({"type": "seen", "ids": stored[:1]})  # read implies it
            tab.send({"type": "read", "ids": stored[:1]})
            await tab.settle()
            marks = get_hub()._requests._marking
            await until(lambda: not marks.waiting and not marks.taken, "the marks to be made")
            for client, number in ((tab, stored[0]), (bob, others)):
                client.send({"type": "archive", "ids": [number]})
                await client.until(
                    lambda c=client: any("archived" in state for state in c.of("state")), "a change"
                )
            self.assertEqual(len(tab.of("state")), 2)
            self.assertEqual(tab.of("state")[1]["archived"], stored[:1])
            self.assertEqual(len(bob.of("state")), 1)

    async def test_more_ids_than_a_frame_may_name_make_the_tabs_load_their_list(self):
        stored = await write_rows([self.ada], 2)
        group = hints.user_group(self.ada.pk)
        ids = range(10**18, 10**18 + 700)
        changed = [hints.Changed(kind, list(ids)) for kind in ("seen", "archived")]
        async with self.connected(self.ada) as tab:
            get_hints_layer().publish_hints([(hints.encode(hint), [group]) for hint in changed])
            await tab.until_frame("resync")
            expected = [{"type": "state", "unread": 2, "upto": stored[1]}]
            self.assertEqual(tab.of("state"), expected)

    @mock.patch("notifications.hub.delivery.unread.STALE_SECONDS", 0)
    async def test_a_tab_whose_count_is_in_doubt_is_told_what_another_tab_has_read(self):
        stored = await write_rows([self.ada], 2)
        group = hints.user_group(self.ada.pk)
        async with self.connected(self.ada) as tab:
            for number in stored:  # the second has to wait a moment after the first
                hint = hints.encode(hints.Changed("read", [number]))
                get_hints_layer().publish_hints([(hint, [group])])
                await asyncio.sleep(0)
                [socket] = get_hub().sockets.of(self.ada.pk)
                socket.on_stale(socket)
                await tab.until(lambda n=number: n in read_in(tab), "what was read")

    @mock.patch("notifications.hub.delivery.unread.STALE_SECONDS", 0)
    async def test_a_notification_held_back_while_a_count_runs_is_counted_again(self):
        with override_settings(NOTIFICATIONS={"WINDOW": 1, "SWEEP_SECONDS": 60}):
            async with self.connected(self.ada) as tab:
                first = (await anotify([self.ada], "takes all credit")).pk
                await tab.until_arrived([first])
                [socket] = get_hub().sockets.of(self.ada.pk)
                held = []

                def count_and_commit(pks):
                    """In the thread of the database; between its two statements."""
                    counts = unread.count(pks)
                    if not held:
                        held.append(notify([self.ada], "is held back").pk)
                        wait_until(lambda: held[0] in socket.held)
                    return counts

                with mock.patch.object(unread_counts, "count", count_and_commit):
                    socket.on_stale(socket)
                    await tab.until_frame("state")
                tab.ack([first])
                await tab.until_arrived([first, *held])
                await tab.until(lambda: count(tab) == 2, "a count of both")

    @tag("slow")
    async def test_a_tab_is_told_of_changes_some_times_a_second_however_many_there_are(self):
        stored = await write_rows([self.ada], 40)
        async with self.connected(self.ada) as tab, self.connected(self.ada) as other:
            loop = asyncio.get_running_loop()
            begun = loop.time()
            for number in stored:
                tab.send({"type": "read", "ids": [number]})
                await asyncio.sleep(0.01)  # far more often than a tab is told
            await other.until(lambda: other.of("state")[-1:] and count(other) == 0, "the count")
            limit = 2 + (loop.time() - begun) / PAUSE_SECONDS
            self.assertLessEqual(len(other.of("state")), limit)

    async def test_archiving_and_seeing_imply_delivery(self):
        first, second = await write_rows([self.ada], 2)
        async with self.connected(self.ada) as tab:
            tab.send({"type": "archive", "ids": [first]})
            tab.send({"type": "seen", "ids": [second]})
            await self.until_queued(self.ada, [])
        rows = Delivery.objects.select_related("notification")
        archived = await rows.aget(notification_id=first)
        seen = await rows.aget(notification_id=second)
        self.assertEqual((archived.state, archived.read_at), ("archived", None))
        self.assertEqual(seen.state, "seen")

    async def test_read_all_takes_what_was_delivered_up_to_an_id(self):
        stored = await write_rows([self.ada], 3)
        async with self.connected(self.ada) as tab:
            await tab.until_arrived(stored)
            tab.ack()
            tab.send({"type": "read_all", "upto": stored[1]})
            state = await tab.until_frame("state")
            self.assertEqual((state["unread"], sorted(state["read"])), (1, stored[:2]))


def count(tab):
    return tab.of("state")[-1]["unread"]


def read_in(tab):
    return [number for state in tab.of("state") for number in state.get("read", ())]
