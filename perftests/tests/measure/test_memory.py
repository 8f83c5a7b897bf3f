import tracemalloc
from pathlib import Path

from django.test import SimpleTestCase, tag

from perftests.measure.memory import (
    MemoryProfiler,
    culprits,
    profile,
)

THIS_FILE = Path(__file__).name


def line_of(text):
    lines = Path(__file__).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.strip() == text)


@tag("slow")
class MemoryProfilerTests(SimpleTestCase):
    def test_the_memory_profiler_tells_peak_and_retained_bytes_apart(self):
        with MemoryProfiler() as profiler:
            passing = bytearray(2_000_000)
            del passing
            kept = bytearray(500_000)
        self.assertAlmostEqual(profiler.result.peak_bytes, 2_000_000, delta=50_000)
        self.assertAlmostEqual(profiler.result.retained_bytes, len(kept), delta=50_000)

    def test_the_memory_profiler_does_not_count_garbage_in_cycles_as_retained(self):
        def make_cycles():
            for _ in range(1_000):
                cycle = [bytes(1_000)]
                cycle.append(cycle)

        self.assertLess(profile(make_cycles).retained_bytes, 50_000)

    def test_the_result_of_a_profiled_function_counts_as_retained(self):
        self.assertGreater(profile(lambda: bytearray(300_000)).retained_bytes, 299_000)

    def test_the_memory_profiler_names_the_line_that_kept_most(self):
        def keep():
            return [bytes(1_000) for _ in range(200)]

        first = profile(keep).culprits[0]
        self.assertTrue(first.file.endswith(THIS_FILE), first.file)
        self.assertEqual(first.line, line_of("return [bytes(1_000) for _ in range(200)]"))
        self.assertGreater(first.grown_bytes, 200_000)

    def test_the_memory_profiler_stops_tracing_when_its_block_raises(self):
        with self.assertRaises(ZeroDivisionError):
            profile(lambda: 1 / 0)
        self.assertFalse(tracemalloc.is_tracing())

    def test_a_second_memory_profiler_at_a_time_is_rejected(self):
        with (
            MemoryProfiler(),
            self.assertRaisesMessage(RuntimeError, "profile one thing at a time"),
        ):
            profile(list)


class CulpritTests(SimpleTestCase):
    def test_culprits_of_growth_are_sorted_by_size_and_say_where(self):
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        before = tracemalloc.take_snapshot()
        small = bytearray(100_000)
        large = bytearray(400_000)
        found = culprits(before, tracemalloc.take_snapshot())
        self.assertRegex(str(found[0]), rf"{THIS_FILE}:\d+ \(\+400 kB\)$")
        self.assertRegex(str(found[1]), rf"{THIS_FILE}:\d+ \(\+100 kB\)$")
        self.assertEqual(found[0].line, found[1].line + 1)
        self.assertEqual(len(small) + len(large), 500_000)

    def test_a_line_whose_memory_shrank_is_no_culprit(self):
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        passing = bytearray(400_000)
        before = tracemalloc.take_snapshot()
        del passing
        found = culprits(before, tracemalloc.take_snapshot())
        self.assertLess(sum(culprit.grown_bytes for culprit in found), 50_000)
