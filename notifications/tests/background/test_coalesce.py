import asyncio
import contextlib
import sqlite3
from tempfile import TemporaryDirectory
from unittest import mock

from django.db import DataError, OperationalError
from django.test import SimpleTestCase, tag

from notifications.background.coalesce import TRIES, Coalescer

from ..waiting import until


class Done:
    """Work that notes its batches, and fails while it is told to."""

    def __init__(self):
        self.batches = []
        self.done = []
        self.error = None
        self.poison = set()
        self.poison_error = OperationalError("cannot be read")
        self.may_go = asyncio.Event()
        self.may_go.set()

    async def __call__(self, batch):
        await self.may_go.wait()
        self.batches.append(dict(batch))
        if self.error is not None:
            raise self.error
        if self.poison & set(batch):
            raise self.poison_error
        self.done += batch.items()


def locked():
    """What Django raises while somebody else writes."""
    with TemporaryDirectory() as folder:
        writer, other = (sqlite3.connect(f"{folder}/db", timeout=0) for _ in range(2))
        with contextlib.closing(writer), contextlib.closing(other):
            writer.execute("BEGIN IMMEDIATE")
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                busy = OperationalError(*error.args)
                busy.__cause__ = error
                return busy


@contextlib.asynccontextmanager
async def working(**options):
    done = Done()
    coalescer = Coalescer("Testing", done, lambda old, new: old + new, **options)
    try:
        with mock.patch("notifications.background.coalesce.MAX_RETRY_SECONDS", 0.1):
            yield done, coalescer
    finally:
        await coalescer.stop()


class CoalescerBatchTests(SimpleTestCase):
    async def test_entries_added_while_the_work_runs_form_the_next_batch(self):
        async with working() as (done, coalescer):
            done.may_go.clear()
            coalescer.add("a", "1")
            await until(lambda: coalescer.taken)
            for key in "bcd":
                coalescer.add(key, "1")
            done.may_go.set()
            await until(lambda: len(done.done) == 4)
            self.assertEqual([list(batch) for batch in done.batches], [["a"], ["b", "c", "d"]])

    async def test_no_batch_of_entries_is_larger_than_the_limit(self):
        async with working(size=2) as (done, coalescer):
            for key in "abcde":
                coalescer.add(key, "1")
            await until(lambda: len(done.done) == 5)
            self.assertEqual([len(batch) for batch in done.batches], [2, 2, 1])

    async def test_a_flush_returns_when_all_entries_added_before_are_done(self):
        async with working(delay=lambda: 60) as (done, coalescer):
            done.may_go.clear()
            coalescer.add("a", "1")
            first = asyncio.ensure_future(coalescer.flush())
            await until(lambda: coalescer.taken)
            coalescer.add("b", "1")
            second = asyncio.ensure_future(coalescer.flush())
            await asyncio.sleep(0)
            done.may_go.set()
            async with asyncio.timeout(5):
                await asyncio.gather(first, second)
            self.assertEqual(done.done, [("a", "1"), ("b", "1")])

    async def test_a_cancelled_flush_ends_neither_another_flush_nor_the_work(self):
        async with working(delay=lambda: 60) as (done, coalescer):
            done.may_go.clear()
            coalescer.add("a", "1")
            flushes = [asyncio.ensure_future(coalescer.flush()) for _ in range(2)]
            await until(lambda: coalescer.taken)
            flushes[0].cancel()
            await asyncio.wait(flushes[:1])
            done.may_go.set()
            async with asyncio.timeout(5):
                await flushes[1]
            self.assertEqual(done.done, [("a", "1")])


@tag("slow")
class CoalescerFailureTests(SimpleTestCase):
    async def test_entries_that_failed_are_done_before_those_added_meanwhile(self):
        async with working() as (done, coalescer):
            done.error = OperationalError("away")
            with self.assertLogs("notifications.background.coalesce", "WARNING") as logs:
                coalescer.add("a", "1")
                coalescer.add("b", "1")
                await until(lambda: coalescer.failures)
                coalescer.add("c", "1")
                coalescer.add("a", "2")
                done.error = None
                await until(lambda: len(done.done) == 3)
            self.assertEqual(done.done, [("a", "12"), ("b", "1"), ("c", "1")])
            began, ended = (record.getMessage() for record in logs.records)
            self.assertIn("Testing failed, it is tried again: away", began)
            self.assertIn("works again", ended)

    async def test_a_flush_after_an_outage_returns_when_all_parts_are_done(self):
        async with working(quiet_failures=100) as (done, coalescer):
            flushed = []

            async def flush():
                await coalescer.flush()
                flushed.append(len(done.done))

            async def flush_after_the_first_part(batch):
                await asyncio.sleep(0)  # as whatever waits for a database
                await done(batch)
                flushes.append(asyncio.ensure_future(flush()))

            flushes, coalescer._work = [], flush_after_the_first_part
            done.error = OperationalError("away")
            for number in range(64):
                coalescer.add(number, "1")
            await until(lambda: coalescer._size == 1)
            done.error = None
            await until(lambda: flushed)
            self.assertEqual(flushed[0], 64)

    async def test_a_long_outage_of_the_work_is_logged_once_and_loses_no_entry(self):
        async with working() as (done, coalescer):
            done.error = OperationalError("away")
            with self.assertLogs("notifications.background.coalesce", "ERROR") as logs:
                for key in "abcdefgh":
                    coalescer.add(key, "1")
                await until(lambda: coalescer.failures > 12)
            done.error = None
            await until(lambda: len(done.done) == 8)
            self.assertEqual({key for key, _ in done.done}, set("abcdefgh"))
            self.assertEqual(len(logs.records), 1)

    async def test_entries_that_wait_for_another_writer_of_sqlite_are_done_in_one_batch(self):
        async with working(quiet_failures=100) as (done, coalescer):
            done.error = locked()
            for number in range(64):
                coalescer.add(number, "1")
            await until(lambda: coalescer.failures > 2 * TRIES)
            done.error = None
            await until(lambda: done.done)
            self.assertEqual(len(done.batches[-1]), 64)

    async def test_an_entry_that_always_fails_keeps_no_other_from_being_done(self):
        for error in (OperationalError("cannot be read"), DataError("out of range"), ValueError()):
            with (
                self.subTest(error=error),
                self.assertLogs("notifications.background.coalesce", "WARNING"),
            ):
                async with working() as (done, coalescer):
                    done.poison, done.poison_error = {"e"}, error
                    for key in "abcdefgh":
                        coalescer.add(key, "1")
                    await until(lambda done=done: len(done.done) == 7)
                    self.assertEqual({key for key, _ in done.done}, set("abcdfgh"))

    async def test_an_entry_that_fails_while_others_succeed_is_given_up(self):
        async with working() as (done, coalescer):
            done.poison = {"e"}
            with self.assertLogs("notifications.background.coalesce", "ERROR") as logs:
                coalescer.add("e", "1")
                others = 0
                while not any("given up" in line for line in logs.output):
                    others += 1
                    self.assertLess(others, 200)
                    coalescer.add(f"other {others}", "1")
                    await asyncio.sleep(0.02)
            self.assertNotIn("e", coalescer.waiting)

    async def test_an_entry_that_fails_without_others_is_never_given_up(self):
        async with working() as (done, coalescer):
            done.poison = {"e"}
            with self.assertLogs("notifications.background.coalesce", "WARNING"):
                coalescer.add("e", "1")
                await until(lambda: coalescer.failures > 12)
                done.poison = set()
                await until(lambda: done.done)

    async def test_with_a_refuse_callback_an_outage_refuses_the_whole_batch_after_one_try(self):
        answered = []
        async with working(refuse=answered.extend) as (done, coalescer):
            done.error = OperationalError("away")
            with self.assertLogs("notifications.background.coalesce", "ERROR"):
                for key in "abc":
                    coalescer.add(key, "1")
                await until(lambda: len(answered) == 3)
            self.assertEqual(len(done.batches), 1)

    async def test_with_a_refuse_callback_only_the_entry_with_bad_input_is_refused(self):
        answered = []
        async with working(refuse=answered.extend) as (done, coalescer):
            done.poison, done.poison_error = {"b"}, ValueError("bad")
            with self.assertLogs("notifications.background.coalesce", "ERROR"):
                for key in "abcdefg":
                    coalescer.add(key, "1")
                await until(lambda: len(answered) + len(done.done) == 7)
            self.assertEqual(answered, ["b"])

    async def test_entries_that_the_work_hands_back_are_tried_again(self):
        async def leave_some(batch):
            batches.append(dict(batch))
            return {"b": "1"} if len(batches) == 1 else None

        batches = []
        coalescer = Coalescer("Testing", leave_some, lambda old, new: old + new)
        coalescer.add("a", "1")
        coalescer.add("b", "1")
        await until(lambda: len(batches) == 2)
        await coalescer.stop()
        self.assertEqual(batches, [{"a": "1", "b": "1"}, {"b": "1"}])


class CoalescerSupervisionTests(SimpleTestCase):
    async def test_a_cancellation_inside_the_work_is_retried_like_any_failure(self):
        async with working() as (done, coalescer):
            done.error = asyncio.CancelledError()
            with self.assertLogs("notifications.background.coalesce", "WARNING"):
                coalescer.add("a", "1")
                await until(lambda: coalescer.failures)
                done.error = None
                await until(lambda: done.done == [("a", "1")])

    async def test_a_coalescer_whose_task_is_cancelled_still_does_its_entries(self):
        async with working() as (done, coalescer):
            done.may_go.clear()
            coalescer.add("a", "1")
            await until(lambda: coalescer.taken)
            with (
                mock.patch("notifications.background.supervision.RESTART_SECONDS", 0.01),
                self.assertLogs("notifications.background.supervision", "ERROR"),
            ):
                coalescer._task._task.cancel()
                done.may_go.set()
                await until(lambda: done.done == [("a", "1")])

    async def test_finishing_a_coalescer_does_the_entries_that_are_left(self):
        async with working(delay=lambda: 60) as (done, coalescer):
            for key in "abc":
                coalescer.add(key, "1")
            async with asyncio.timeout(5):
                await coalescer.finish()
            self.assertEqual(len(done.done), 3)

    async def test_work_that_fails_at_the_end_is_tried_again_until_it_is_done(self):
        async with working(delay=lambda: 60, quiet_failures=100) as (done, coalescer):
            done.error = OperationalError("locked")
            coalescer.add("a", "1")
            finishing = asyncio.ensure_future(coalescer.finish())
            await until(lambda: len(done.batches) == 2)
            done.error = None
            async with asyncio.timeout(5):
                await finishing
            self.assertEqual(done.done, [("a", "1")])

    async def test_work_that_goes_on_failing_holds_the_end_up_for_a_limited_time(self):
        async with working(delay=lambda: 60, quiet_failures=100) as (done, coalescer):
            done.error = OperationalError("away")
            coalescer.add("a", "1")
            with mock.patch("notifications.background.coalesce.FINISH_SECONDS", 0.2):
                async with asyncio.timeout(5):
                    await coalescer.finish()
            self.assertEqual(coalescer.waiting, {"a": "1"})

    async def test_one_entry_that_fails_at_the_end_keeps_no_other_from_being_done(self):
        async with working(delay=lambda: 60) as (done, coalescer):
            done.poison, done.poison_error = {"e"}, DataError("out of range")
            for key in "abcdefgh":
                coalescer.add(key, "1")
            with self.assertLogs("notifications.background.coalesce", "ERROR"):
                async with asyncio.timeout(5):
                    await coalescer.finish()
            self.assertEqual({key for key, _ in done.done}, set("abcdfgh"))

    async def test_stopping_a_coalescer_releases_whoever_waits_for_a_flush(self):
        async with working(delay=lambda: 60) as (done, coalescer):
            done.may_go.clear()
            coalescer.add("a", "1")
            flush = asyncio.ensure_future(coalescer.flush())
            await until(lambda: coalescer.taken)
            await coalescer.stop()
            async with asyncio.timeout(5):
                await flush
