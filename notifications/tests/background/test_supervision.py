import asyncio
from unittest import mock

from django.test import SimpleTestCase

from notifications.background.supervision import SupervisedTask, is_cancelled, uninterrupted

from ..waiting import until


class SupervisedTaskTests(SimpleTestCase):
    def setUp(self):
        self.enterContext(mock.patch("notifications.background.supervision.RESTART_SECONDS", 0.01))
        self.started = 0
        self.ends = []

    async def work(self):
        self.started += 1
        if self.ends:
            end = self.ends.pop()
            if end is not None:
                raise end
        else:
            await asyncio.Event().wait()

    async def until_started(self, times):
        await until(lambda: self.started >= times, f"start {times}")

    async def test_supervised_work_that_ends_for_any_reason_is_restarted_and_logged_once(self):
        self.ends = [ValueError(), None, asyncio.CancelledError()]
        with self.assertLogs("notifications.background.supervision", "ERROR") as logs:
            task = SupervisedTask(self.work)
            await self.until_started(4)
        await task.stop()
        self.assertEqual(len(logs.records), 1)

    async def test_supervised_work_that_is_cancelled_from_outside_is_restarted(self):
        with self.assertLogs("notifications.background.supervision", "ERROR"):
            task = SupervisedTask(self.work)
            await self.until_started(1)
            task._task.cancel()
            await self.until_started(2)
        await task.stop()

    async def test_supervised_work_that_was_stopped_is_not_restarted(self):
        task = SupervisedTask(self.work)
        await self.until_started(1)
        await task.stop()
        await self.until_another_is_restarted()
        self.assertEqual(self.started, 1)

    async def until_another_is_restarted(self):
        """Whatever ended before would have been started again by then: the pause is the same."""
        starts = []

        async def end_once():
            starts.append(1)
            if len(starts) > 1:
                await asyncio.Event().wait()

        with self.assertLogs("notifications.background.supervision", "ERROR"):
            another = SupervisedTask(end_once)
            await until(lambda: len(starts) == 2, "the restart")
        await another.stop()


class CancellationTests(SimpleTestCase):
    async def test_a_task_tells_its_own_cancellation_from_that_of_what_it_awaits(self):
        async def wait(future):
            try:
                await future
            except asyncio.CancelledError:
                return is_cancelled()

        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in range(2)]
        tasks = [loop.create_task(wait(future)) for future in futures]
        await asyncio.sleep(0)
        futures[0].cancel()
        tasks[1].cancel()
        self.assertEqual(await asyncio.gather(*tasks), [False, True])

    async def test_uninterrupted_work_goes_on_when_its_waiter_is_cancelled(self):
        async def work():
            begun.set()
            await go_on.wait()
            done.set()

        begun, go_on, done = (asyncio.Event() for _ in range(3))
        waiting = asyncio.ensure_future(uninterrupted(work()))
        await begun.wait()
        waiting.cancel()
        await asyncio.wait([waiting])
        self.assertTrue(waiting.cancelled())
        go_on.set()
        async with asyncio.timeout(5):
            await done.wait()
