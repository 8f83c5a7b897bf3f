import os
import subprocess
import sys
import time
from unittest import mock

from django.test import SimpleTestCase, tag

from perftests.records.events import Started, TestStarted
from perftests.run import following
from perftests.run.following import Following, Usage

from ..waiting import wait_until

LIMIT_SECONDS = 20


class Process:
    """As much of a measuring process as is looked at: this one."""

    def __init__(self, *lines, pid=None):
        self.pid = pid or os.getpid()
        self._lines = list(lines)

    def new_lines(self):
        lines, self._lines = self._lines, []
        return lines


def ended_process():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


class FollowingTests(SimpleTestCase):
    def test_following_tells_what_was_heard_said_and_used(self):
        follower = Following()
        follower(Started(2))
        follower(TestStarted("a.b.c", "notification", "N1", "High volume"))
        follower.watch(Process("a warning"))
        live = follower.live()
        self.assertEqual((live.tests, live.row, live.lines), (2, "N1", ("a warning",)))
        for _seconds, memory in live.memory:
            self.assertGreater(memory, 10)

    def test_lines_of_the_process_are_told_once(self):
        follower = Following()
        follower.watch(Process("a warning"))
        follower.live()
        self.assertEqual(follower.live().lines, ("a warning",))

    def test_a_process_that_has_ended_is_not_asked_and_its_last_words_are_kept(self):
        follower = Following()
        follower.watch(Process("last words"))
        follower.leave()
        follower.end("SIGINT")
        live = follower.live()
        self.assertEqual((live.lines, live.ending), (("last words",), "SIGINT"))
        self.assertEqual(len(live.memory), 2, "at its beginning and at its end")

    @tag("slow")
    def test_a_process_that_is_gone_before_anybody_asks_has_left_what_it_used(self):
        follower = Following()
        with subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
        ) as process:
            follower.watch(Process(pid=process.pid))
        self.assertEqual(len(follower.live().memory), 1)

    @tag("slow")
    def test_a_process_that_ends_meanwhile_is_no_error(self):
        follower = Following()
        follower.watch(Process(pid=ended_process()))
        self.assertEqual(follower.live().memory, ())


class UsageTests(SimpleTestCase):
    def test_a_busy_process_uses_its_core(self):
        usage = Usage(os.getpid())
        end = time.process_time() + 0.3
        while time.process_time() < end:
            pass
        percent, memory = usage.read()
        self.assertGreater(percent, 5)
        self.assertGreater(memory, 10)

    def test_a_reading_right_after_another_says_nothing_of_the_cpu(self):
        percent, memory = Usage(os.getpid()).read()
        self.assertIsNone(percent)
        self.assertGreater(memory, 10)

    @tag("slow")
    def test_a_child_that_comes_later_is_found_and_its_time_before_is_of_no_reading(self):
        self.enterContext(mock.patch.object(following, "CHILDREN_INTERVAL_SECONDS", 0))
        self.enterContext(mock.patch.object(following, "SHORTEST_SECONDS", 0))
        usage = Usage(os.getpid())
        busy = "sum(range(10**7)); print(flush=True); input()"
        pipe = subprocess.PIPE
        with subprocess.Popen([sys.executable, "-c", busy], stdin=pipe, stdout=pipe) as child:
            child.stdout.readline()
            alone = usage.read()[1]
            wait_until(lambda: usage.read()[1] > alone + 3, LIMIT_SECONDS, "the child's memory")
            child.communicate(b"\n")
