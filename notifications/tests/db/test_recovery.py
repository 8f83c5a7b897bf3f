import asyncio
import threading
import unittest
from unittest import mock

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import OperationalError, connections, transaction
from django.test import TransactionTestCase, override_settings, tag

from notifications.exceptions import InvalidRecipient
from notifications.models import Delivery
from notifications.send import anotify, notify
from notifications.store.limits import drop_excess_of_all
from notifications.store.pruning import prunable, prune
from notifications.store.stats import statistics

from ..listening import counting_layer
from ..postgres import ALIAS, PrivatePostgres, postgres_is_installed
from ..users import User, make_user
from ..waiting import wait_until


@tag("slow")
@unittest.skipUnless(postgres_is_installed(), "there is no PostgreSQL to start")
@counting_layer
@override_settings(DATABASE_ROUTERS=["notifications.tests.postgres.PrivateRouter"])
class LostConnectionTests(TransactionTestCase):
    """Of code that runs for days: nobody closes its connections for it."""

    @classmethod
    def setUpClass(cls):
        cls.postgres = PrivatePostgres()
        cls.enterClassContext(cls.postgres)
        cls.databases = {"default", ALIAS}
        super().setUpClass()

    def setUp(self):
        self.alice = make_user("alice")
        self.addCleanup(connections[ALIAS].close)

    def end_sessions(self):
        """As an administrator, a failover or a proxy does."""
        with self.another_connection().cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )

    def another_connection(self):
        another = connections[ALIAS].copy()
        self.addCleanup(another.close)
        return another

    def wait_for_sessions(self, most):
        with self.another_connection().cursor() as cursor:
            wait_until(lambda: self.sessions(cursor) <= most, f"{most} sessions or fewer")

    def sessions(self, cursor):
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return cursor.fetchone()[0]

    def stored(self):
        connections[ALIAS].close()  # this thread's may be lost as well
        titles = Delivery.objects.values_list("notification__title", flat=True)
        return sorted(titles)

    def test_notify_works_after_a_restart_of_the_database(self):
        notify(self.alice, "before")
        self.postgres.restart()
        notify(self.alice, "after")
        notify(User.objects.all(), "again")
        self.assertEqual(self.stored(), ["after", "again", "before"])

    def test_notify_works_after_its_database_session_was_ended(self):
        for recipients in (self.alice, [self.alice.pk], User.objects.all(), iter([self.alice])):
            self.end_sessions()
            notify(recipients, "Hi", actor=self.alice)
        self.assertEqual(self.stored(), ["Hi"] * 4)

    def test_statistics_and_pruning_work_after_their_database_session_was_ended(self):
        notify(self.alice, "Hi")
        for job, expected in (
            (lambda: statistics().queued, 1),
            (drop_excess_of_all, 0),
            (lambda: prunable(0).deliveries, 1),
            (lambda: prune(0, batch_size=1, done=lambda rows: self.end_sessions()).deliveries, 1),
        ):
            self.end_sessions()
            self.assertEqual(job(), expected)

    def test_anotify_works_after_a_restart_of_the_database(self):
        async def task():
            await anotify(self.alice, "before")
            await asyncio.to_thread(self.postgres.restart)
            await anotify(self.alice, "after")
            await anotify([self.alice.pk], "again")

        asyncio.run(task())
        self.assertEqual(self.stored(), ["after", "again", "before"])

    def test_notify_works_in_a_worker_thread_after_a_restart_of_the_database(self):
        def work():
            notify(self.alice, "before")
            self.postgres.restart()
            notify(self.alice, "after")
            connections.close_all()

        thread = threading.Thread(target=work)
        thread.start()
        thread.join(30)
        self.assertEqual(self.stored(), ["after", "before"])

    def test_while_the_database_is_away_notify_raises_for_its_caller(self):
        notify(self.alice, "before")
        self.postgres.stop()
        try:
            for _ in range(2):
                with self.assertRaises(OperationalError):
                    notify(self.alice, "lost")
        finally:
            self.postgres.start()
        notify(self.alice, "after")
        self.assertEqual(self.stored(), ["after", "before"])

    def test_a_connection_lost_in_a_transaction_raises_and_the_next_notify_works(self):
        with self.assertRaises(OperationalError), transaction.atomic(using=ALIAS):
            notify(self.alice, "lost")
            self.end_sessions()
            notify(self.alice, "lost as well")
        notify(self.alice, "after")
        self.assertEqual(self.stored(), ["after"])

    def test_a_connection_lost_with_autocommit_off_raises_and_leaves_nothing_half_written(self):
        transaction.set_autocommit(False, using=ALIAS)
        notify(self.alice, "lost")
        self.end_sessions()
        with self.assertRaises(OperationalError):
            notify(self.alice, "lost as well")
        connections[ALIAS].close()
        notify(self.alice, "after")
        self.assertEqual(self.stored(), ["after"])

    def test_a_notification_that_may_be_committed_is_not_sent_twice(self):
        with self.dying_at_commit(), self.assertRaises(OperationalError):
            notify(self.alice, "perhaps")
        notify(self.alice, "after")
        self.assertEqual(self.stored().count("perhaps"), 0)

    def test_a_notification_with_a_key_that_may_be_committed_is_sent_again_and_found(self):
        with self.dying_at_commit():
            notify(self.alice, "once", key="once")
        self.assertEqual(self.stored(), ["once"])

    def dying_at_commit(self):
        """The session ends between the last statement and the commit."""
        commit, first = connections[ALIAS]._commit, iter([self.end_sessions])

        def end_first():
            for end in first:
                end()
            commit()

        return mock.patch.object(connections[ALIAS], "_commit", end_first)

    def test_notify_leaves_a_session_that_has_become_read_only(self):
        with connections[ALIAS].cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = on")
        notify(self.alice, "Hi")
        self.assertEqual(self.stored(), ["Hi"])

    def use_pool(self, size):
        settings = connections[ALIAS].settings_dict
        connections[ALIAS].close()
        options = {"min_size": size, "max_size": size, "timeout": 10}
        settings["OPTIONS"]["pool"] = options
        self.addCleanup(settings["OPTIONS"].pop, "pool")
        self.addCleanup(connections[ALIAS].close_pool)
        connections[ALIAS].pool.open(wait=True)

    def test_one_notify_finds_out_all_lost_connections_of_a_pool(self):
        self.use_pool(4)
        notify(self.alice, "before")
        self.end_sessions()
        with self.assertLogs("psycopg.pool", "WARNING"):
            notify(self.alice, "after")
        with self.assertNoLogs("psycopg.pool", "WARNING"):
            for _ in range(4):
                notify(self.alice, "after")
        self.assertEqual(self.stored(), ["after"] * 5 + ["before"])

    def test_threads_that_live_on_after_notify_keep_no_connection_of_a_pool(self):
        self.use_pool(2)
        together = threading.Barrier(10)

        def work():
            notify(self.alice, "first")
            together.wait(30)  # all are alive, and have sent
            notify(self.alice, "second")

        threads = [threading.Thread(target=work) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        self.assertEqual(self.stored(), ["first"] * 10 + ["second"] * 10)

    def test_notify_in_a_transaction_keeps_its_connection_of_a_pool(self):
        self.use_pool(2)
        with transaction.atomic(using=ALIAS):
            notify(self.alice, "Hi")
            kept = connections[ALIAS].connection
            notify(self.alice, "Hi")
            self.assertIs(connections[ALIAS].connection, kept)
        self.assertEqual(self.stored(), ["Hi"] * 2)

    def test_refused_recipients_leave_the_database_connection_usable(self):
        for recipients in (None, [2**70], ["alice"], User.objects.values("email").distinct()):
            with self.assertRaises(InvalidRecipient):
                notify(recipients, "Hi")
        notify(self.alice, "after")
        self.assertEqual(self.stored(), ["after"])

    def test_calls_of_anotify_do_not_pile_up_connections(self):
        async def request(number):
            async with ThreadSensitiveContext():
                await anotify(self.alice, str(number))
                await sync_to_async(connections.close_all)()  # as Django does after a request

        async def tasks():
            for number in range(20):
                await anotify(self.alice, str(number))
            await asyncio.gather(*(anotify(self.alice, "together") for _ in range(20)))
            await asyncio.gather(*map(request, range(20)))

        connections[ALIAS].close()
        for _ in range(3):
            asyncio.run(tasks())
        # PostgreSQL ends a session a moment after its client has hung up.
        self.wait_for_sessions(1)
        self.assertEqual(len(self.stored()), 180)
