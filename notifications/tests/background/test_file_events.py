import asyncio
import errno
import os
import sys
import tempfile
from pathlib import Path
from unittest import mock

from django.test import SimpleTestCase

from notifications.background import file_events
from notifications.background.file_events import FileEvents

from ..waiting import until


class FileEventsTests(SimpleTestCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.file = Path(folder, "ünlikely ' name")
        self.file.touch()
        self.told = 0

    def tell(self):
        self.told += 1

    def write(self):
        with self.file.open("ab") as file:
            file.write(b"more")

    def events(self, late_seconds=60):
        events = FileEvents(self.tell, 0.001, late_seconds)
        events.watch([str(self.file), f"{self.file}-wal"])
        return events

    async def until_told(self, times):
        await until(lambda: self.told >= times, f"call {times}")

    async def test_each_write_to_a_file_is_told_of_though_another_one_does_not_exist(self):
        events = self.events()
        for times in range(1, 4):
            self.write()
            await self.until_told(times)
        self.assertEqual(self.told, 3)
        events.close()

    async def test_many_writes_at_once_are_told_of_together_and_once_more_later(self):
        events = self.events(late_seconds=0.01)
        for _ in range(100):
            self.write()
        await self.until_told(2)
        events.close()
        self.assertEqual(self.told, 2)

    async def test_a_file_that_took_the_place_of_another_is_heard_once_it_is_watched_again(self):
        events = self.events()
        self.file.unlink()
        self.file.touch()
        events.watch([str(self.file)])
        self.write()
        await self.until_told(1)
        events.close()

    async def test_nothing_is_told_of_and_no_file_is_open_after_the_end(self):
        before = set(os.listdir("/proc/self/fd"))
        events = self.events(late_seconds=0.005)
        self.write()
        await self.until_told(1)
        events.close()
        events.close()
        self.assertLessEqual(set(os.listdir("/proc/self/fd")), before)
        told = self.told  # twice, where the loop was held up before the end
        await self.until_another_is_told_of_a_write_and_later()
        self.assertEqual(self.told, told)

    async def until_another_is_told_of_a_write_and_later(self):
        """Whoever still heard would have been told as well by then."""
        calls = []
        another = FileEvents(lambda: calls.append(1), 0.001, 0.005)
        another.watch([str(self.file)])
        self.write()
        await until(lambda: len(calls) == 2, "both calls of another one")
        another.close()

    async def test_a_system_without_inotify_or_with_none_left_says_that_nothing_is_heard(self):
        def none_left(flags):
            file_events.ctypes.set_errno(errno.EMFILE)
            return -1

        for libc in (None, object(), mock.Mock(inotify_init1=none_left)):
            with self.subTest(libc), mock.patch.object(file_events, "_libc", libc):
                events = self.events()
                self.assertFalse(events.works)
                events.close()

    async def test_an_event_loop_that_waits_for_no_files_says_that_nothing_is_heard(self):
        loop = asyncio.get_running_loop()
        none = mock.Mock(side_effect=NotImplementedError)
        with mock.patch.multiple(loop, add_reader=none, remove_reader=none):
            self.assertFalse(self.events().works)


if sys.platform != "linux":
    # There is nothing to skip: inotify is Linux's.
    del FileEventsTests
