import asyncio
from unittest import mock

from django.test import SimpleTestCase

from notifications.background.supervision import SupervisedTask, is_cancelled, uninterrupted


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
            await asyncio.sleep(60)

    async def until_started(self, times):
        async with asyncio.timeout(5):
            while self.started < times:
                await asyncio.sleep(0.005)

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
        await asyncio.sleep(0.05)
        self.assertEqual(self.started, 1)


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
            await go_on.wait()
            done.set()

        go_on, done = asyncio.Event(), asyncio.Event()
        waiting = asyncio.ensure_future(uninterrupted(work()))
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.wait([waiting])
        self.assertTrue(waiting.cancelled())
        go_on.set()
        async with asyncio.timeout(5):
            await done.wait()
