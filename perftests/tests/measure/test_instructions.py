import errno
import mmap
from unittest import mock

from django.test import SimpleTestCase, tag

from perftests.measure import instructions
from perftests.measure.instructions import PAGE_FAULTS, Event, EventCounter, Uncountable, refusal

UNKNOWN = Event(0, 10**6)
PAGES = 64


def touch_new_pages():
    with mmap.mmap(-1, PAGES * mmap.PAGESIZE) as memory:
        memory.madvise(mmap.MADV_NOHUGEPAGE)
        for page in range(PAGES):
            memory[page * mmap.PAGESIZE] = 1


def loop(times):
    for _ in range(times):
        pass


REASONS = "perf_event_paranoid|does not count"


class EventCounterTests(SimpleTestCase):
    """What a kernel counts by itself; one that refuses to count at all has to say why."""

    def assert_counted(self, assertion):
        try:
            counter = EventCounter(PAGE_FAULTS)
        except Uncountable as error:
            self.assertRegex(str(error), REASONS)
            return
        with counter:
            assertion(counter)

    def test_the_kernel_counts_every_new_page_that_is_touched(self):
        self.assert_counted(
            lambda counter: self.assertAlmostEqual(
                counter.count(touch_new_pages), PAGES, delta=PAGES / 4
            )
        )

    def test_only_what_runs_in_the_block_is_counted(self):
        def assertion(counter):
            touch_new_pages()
            self.assertLess(counter.count(lambda: None), PAGES / 4)

        self.assert_counted(assertion)

    def test_a_counter_that_was_shared_with_others_does_not_tell_a_part_as_the_whole(self):
        def assertion(counter):
            part = instructions.struct.pack("=QQQ", 7, 100, 50)
            with (
                mock.patch.object(instructions.os, "read", return_value=part),
                self.assertRaisesRegex(Uncountable, "only now and then"),
            ):
                counter.count(lambda: None)

        self.assert_counted(assertion)

    @tag("on_request")
    def test_ten_times_the_loops_are_ten_times_the_instructions_of_a_processor_that_counts(self):
        with EventCounter() as counter:
            few, many = (counter.count(lambda n=n: loop(n)) for n in (100_000, 1_000_000))
        self.assertAlmostEqual(many / few, 10, delta=0.2)


class RefusalTests(SimpleTestCase):
    def refused(self, number):
        # No machine refuses for every reason, so the kernel's answer is put in its place.
        library = mock.Mock()
        library.return_value.syscall.return_value = -1
        with (
            mock.patch.object(instructions.ctypes, "CDLL", library),
            mock.patch.object(instructions.ctypes, "get_errno", return_value=number),
            self.assertRaises(Uncountable) as refused,
        ):
            EventCounter()
        return str(refused.exception)

    def test_an_event_that_the_machine_does_not_have_is_refused_with_the_reason(self):
        with self.assertRaisesRegex(Uncountable, "has no such counter|forbids it|Invalid argument"):
            EventCounter(UNKNOWN)

    def test_a_kernel_that_forbids_it_is_told_by_the_file_that_says_so(self):
        self.assertIn("perf_event_paranoid", self.refused(errno.EACCES))
        self.assertIn("a container forbids it", self.refused(errno.EPERM))

    def test_a_reason_that_is_not_foreseen_is_told_in_the_words_of_the_system(self):
        self.assertEqual(self.refused(errno.EMFILE), "Too many open files")

    def test_a_machine_whose_system_call_is_unknown_is_refused(self):
        with (
            mock.patch.object(instructions.platform, "machine", return_value="sparc"),
            self.assertRaisesRegex(Uncountable, "unknown how to on .* on sparc"),
        ):
            EventCounter()

    def test_the_reason_is_empty_exactly_where_instructions_are_counted(self):
        try:
            with EventCounter():
                counted = True
        except Uncountable:
            counted = False
        self.assertEqual(counted, not refusal())
