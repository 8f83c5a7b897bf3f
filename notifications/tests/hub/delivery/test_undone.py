from asgiref.sync import sync_to_async
from django.test import TestCase

from notifications.hub.delivery.undone import DOUBTFUL_SECONDS, TOO_MANY, Undone, corrected
from notifications.send import notify
from notifications.sending import fanout
from notifications.store import marking
from notifications.store.own.changing import delete, take_back
from notifications.tests.hubs import HubTestCase, quick, write_rows
from notifications.tests.users import make_user


@quick()
class StatesTakenBackTests(HubTestCase):
    async def test_a_mark_taken_back_elsewhere_reaches_the_tabs(self):
        [number] = await write_rows([self.ada], 1)
        async with self.connected(self.ada) as tab:
            await sync_to_async(marking.mark)("read", {self.ada.pk: [number]})
            await sync_to_async(take_back)("marked_unread", self.ada.pk, [number])
            fanout.state_changed(self.ada.pk, "marked_unread", [number])
            state = await tab.until_frame("state")
            self.assertEqual((state["unread"], state["marked_unread"]), (1, [number]))

    async def test_a_late_hint_of_a_mark_that_was_taken_back_tells_what_the_row_says(self):
        [number] = await write_rows([self.ada], 1)
        async with self.connected(self.ada) as tab:
            fanout.state_changed(self.ada.pk, "marked_unread", [number])
            await tab.until_frame("state")
            fanout.state_changed(self.ada.pk, "read", [number])
            await tab.until(lambda: len(tab.of("state")) == 2, "the second state")
            self.assertEqual(tab.of("state")[1]["marked_unread"], [number])
            self.assertNotIn("read", tab.of("state")[1])

    async def test_a_mark_and_its_end_that_come_together_are_told_as_one_thing(self):
        [number] = await write_rows([self.ada], 1)
        await sync_to_async(marking.mark)("archived", {self.ada.pk: [number]})
        async with self.connected(self.ada) as tab:
            for change in ("archived", "unarchived", "archived", "unarchived"):
                fanout.state_changed(self.ada.pk, change, [number])
            await tab.until(
                lambda: any("archived" in state for state in tab.of("state")), "the last word"
            )
            self.assertNotIn("unarchived", tab.of("state")[-1])

    async def test_deleting_reaches_the_tabs(self):
        first, *_ = await write_rows([self.ada], 2)
        async with self.connected(self.ada) as tab:
            await sync_to_async(delete)(self.ada.pk, [first])
            fanout.state_changed(self.ada.pk, "deleted", [first])
            state = await tab.until_frame("state")
            self.assertEqual((state["unread"], state["deleted"]), (1, [first]))


class CorrectionTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.alice = make_user("alice")
        cls.ids = [notify(cls.alice, f"n{number}").pk for number in range(3)]

    def corrected(self, **changes):
        given = {change: dict.fromkeys(ids) for change, ids in changes.items()}
        return {change: list(ids) for change, ids in corrected(self.alice.pk, given).items()}

    def test_each_id_is_told_as_its_row_has_it(self):
        read, unread, gone = self.ids
        marking.mark("read", {self.alice.pk: [read]})
        delete(self.alice.pk, [gone])
        for said in ("read", "marked_unread"):
            with self.subTest(said):
                expected = {"read": [read], "marked_unread": [unread], "deleted": [gone]}
                self.assertEqual(self.corrected(**{said: self.ids}), expected)

    def test_a_notification_said_to_be_deleted_that_is_there_is_not_told(self):
        self.assertEqual(self.corrected(deleted=self.ids), {})

    def test_a_notification_said_to_be_seen_that_is_not_is_not_told(self):
        self.assertEqual(self.corrected(seen=self.ids[:1]), {})

    def test_too_many_ids_stay_too_many(self):
        self.assertEqual(self.corrected(read=[TOO_MANY]), {"read": [TOO_MANY]})


class MemoryTests(TestCase):
    def test_only_who_has_taken_something_back_is_looked_up_and_not_for_ever(self):
        undone = Undone()
        undone.heard("ada", "marked_unread", 0.0)
        undone.heard("bob", "read", 0.0)
        its = {"read": {1: None}}
        changes = {"ada": its, "bob": its}
        self.assertEqual(undone.among(changes, 1.0), {"ada": its})
        self.assertEqual(undone.among(changes, DOUBTFUL_SECONDS + 1), {})
        undone.heard("bob", "deleted", DOUBTFUL_SECONDS + 1)
        self.assertEqual(undone.among(changes, DOUBTFUL_SECONDS + 1), {"bob": its})
