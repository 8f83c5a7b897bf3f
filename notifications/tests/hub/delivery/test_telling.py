"""What a hub and the feed tell of acks and marks by signals."""

from django.db import connections
from django.test.utils import CaptureQueriesContext

from notifications.feed.changes import change
from notifications.hub.delivery.marking import mark
from notifications.send import anotify, notify
from notifications.signals import Marking, delivered, read, seen

from ...hubs import HubTestCase, quick
from ...receivers import listening
from ...users import make_users


@quick()
class TellingTests(HubTestCase):
    async def test_acks_and_marks_of_a_socket_are_told_when_they_are_written(self):
        with listening(delivered) as acked, listening(seen) as marked, listening(read) as done:
            async with self.connected(self.ada) as page:
                one = await anotify(self.ada, "one")
                await page.until_arrived([one.pk])
                page.ack()
                await page.until(lambda: acked, "the ack")
                page.send({"type": "seen", "ids": [one.pk]})
                await page.until(lambda: marked, "the mark")
                page.send({"type": "read_all", "upto": one.pk})
                await page.until(lambda: done, "all read")
        expected = [[Marking(self.ada.pk, [one.pk])]]
        self.assertEqual([acked, marked, done], [expected] * 3)

    def test_marks_over_http_are_told_once_however_often_they_are_asked_for(self):
        one = notify(self.ada, "one")
        with listening(read) as batches:
            change("read", self.ada.pk, [one.pk])
            change("read", self.ada.pk, [one.pk])
        self.assertEqual(batches, [[Marking(self.ada.pk, [one.pk])]])

    def test_acks_of_many_users_cost_a_receiver_one_call_and_no_query_more(self):
        users = list(make_users(50))
        first, second = notify(users, "first"), notify(users, "second")
        queries = self.queries(first, users)
        with listening(delivered) as batches:
            self.assertEqual(self.queries(second, users), queries)
        [batch] = batches
        self.assertEqual({told.recipient for told in batch}, {user.pk for user in users})

    def queries(self, notification, users):
        acks = {user.pk: [notification.pk] for user in users}
        with CaptureQueriesContext(connections["default"]) as queries:
            mark("delivered", acks, around_locks=False)
        return len(queries)
