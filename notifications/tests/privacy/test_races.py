from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier, BrokenBarrierError
from unittest import mock

from django.db import connection, connections, transaction
from django.test import TransactionTestCase
from django.utils import timezone

from notifications.models import Delivery, Notification
from notifications.privacy import erase_user
from notifications.send import notify
from notifications.store import erasing
from notifications.store.pruning import prune

from ..users import make_user
from ..waiting import wait_until


class RaceTests(TransactionTestCase):
    """What is erased or pruned is changed by somebody else in the same moment."""

    def setUp(self):
        self.ada, self.bob = make_user("ada"), make_user("bob")
        notify(self.ada, "Down", key="down")

    def while_bob_is_sent_it(self, job):
        def work():
            try:
                return job()
            finally:
                connections.close_all()

        with ThreadPoolExecutor(1) as pool:
            with transaction.atomic():
                notify(self.bob, "Down", key="down")
                future = pool.submit(work)
                wait_until(lambda: future.done() or self.somebody_waits(), "a lock")
            future.result()

    def somebody_waits(self):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            return cursor.fetchone()[0]

    def assert_bob_has_it(self):
        [mine] = Delivery.objects.filter(recipient=self.bob)
        self.assertEqual(Notification.objects.get(pk=mine.notification_id).title, "Down")

    def test_erasing_the_only_recipient_leaves_it_to_whoever_is_sent_it_meanwhile(self):
        self.while_bob_is_sent_it(lambda: erase_user(self.ada))
        self.assert_bob_has_it()

    def test_two_users_who_name_each_other_are_erased_at_once(self):
        for one, other in ((self.ada, self.bob), (self.bob, self.ada)):
            notify(one, "For you", actor=other)
        both, forget = Barrier(2), erasing.forget

        def forget_together(names):
            with suppress(BrokenBarrierError):
                both.wait(timeout=1)  # in vain where one waits for the other already
            return forget(names)

        def erase(user):
            try:
                return erase_user(user)
            finally:
                connections.close_all()

        with mock.patch.object(erasing, "forget", forget_together), ThreadPoolExecutor(2) as pool:
            erased = list(pool.map(erase, (self.ada, self.bob)))
        self.assertEqual(sorted(one.mentions for one in erased), [0, 1])
        self.assertFalse(Notification.objects.exists())

    def test_pruning_what_nobody_has_leaves_it_to_whoever_is_sent_it_meanwhile(self):
        Delivery.objects.all().delete()
        Notification.objects.update(created_at=timezone.now() - timedelta(days=2))
        self.while_bob_is_sent_it(lambda: prune(365, batch_size=10, done=lambda _: None))
        self.assert_bob_has_it()


if connection.vendor != "postgresql":
    del RaceTests  # not skipped: SQLite has one writer at a time
