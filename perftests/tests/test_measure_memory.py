import gc
import random
import tracemalloc
from pathlib import Path

from django.test import SimpleTestCase
from django.utils.functional import SimpleLazyObject

from perftests.measure.memory import (
    MemoryProfiler,
    culprits,
    detect_leak,
    find_leak,
    live_objects,
    profile,
)

THIS_FILE = Path(__file__).name


def line_of(text):
    lines = Path(__file__).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.strip() == text)


class MemoryProfilerTests(SimpleTestCase):
    def test_it_tells_peak_and_retained_apart(self):
        with MemoryProfiler() as profiler:
            passing = bytearray(2_000_000)
            del passing
            kept = bytearray(500_000)
        self.assertAlmostEqual(profiler.result.peak_bytes, 2_000_000, delta=50_000)
        self.assertAlmostEqual(profiler.result.retained_bytes, len(kept), delta=50_000)

    def test_garbage_in_cycles_is_not_retained(self):
        def make_cycles():
            for _ in range(1_000):
                cycle = [bytes(1_000)]
                cycle.append(cycle)

        self.assertLess(profile(make_cycles).retained_bytes, 50_000)

    def test_what_the_function_returns_is_retained(self):
        self.assertGreater(profile(lambda: bytearray(300_000)).retained_bytes, 299_000)

    def test_it_names_who_kept_most(self):
        def keep():
            return [bytes(1_000) for _ in range(200)]

        first = profile(keep).culprits[0]
        self.assertTrue(first.file.endswith(THIS_FILE), first.file)
        self.assertEqual(first.line, line_of("return [bytes(1_000) for _ in range(200)]"))
        self.assertGreater(first.grown_bytes, 200_000)

    def test_it_stops_tracing_when_the_block_raises(self):
        with self.assertRaises(ZeroDivisionError):
            profile(lambda: 1 / 0)
        self.assertFalse(tracemalloc.is_tracing())

    def test_it_rejects_a_second_one_at_a_time(self):
        with (
            MemoryProfiler(),
            self.assertRaisesMessage(RuntimeError, "profile one thing at a time"),
        ):
            profile(list)


class CulpritTests(SimpleTestCase):
    def test_they_are_sorted_by_growth_and_say_where(self):
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

    def test_what_shrank_is_no_culprit(self):
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        passing = bytearray(400_000)
        before = tracemalloc.take_snapshot()
        del passing
        found = culprits(before, tracemalloc.take_snapshot())
        self.assertLess(sum(culprit.grown_bytes for culprit in found), 50_000)


class Socket:
    pass


class SecureSocket(Socket):
    pass


class LiveObjectsTests(SimpleTestCase):
    def test_it_counts_instances_of_subclasses_too(self):
        alive = [Socket(), Socket(), SecureSocket()]
        self.assertEqual(live_objects(Socket, SecureSocket), {"Socket": 3, "SecureSocket": 1})
        del alive
        self.assertEqual(live_objects(Socket), {"Socket": 0})

    def test_garbage_in_cycles_is_not_alive(self):
        socket = Socket()
        socket.itself = socket
        del socket
        self.assertEqual(live_objects(Socket), {"Socket": 0})

    def test_it_evaluates_no_lazy_object(self):
        evaluated = []
        lazy = SimpleLazyObject(lambda: evaluated.append(True) or Socket())
        self.assertEqual(live_objects(Socket), {"Socket": 0})
        self.assertEqual(evaluated, [])
        del lazy


class DetectLeakTests(SimpleTestCase):
    def test_a_steady_rise_above_the_floor_leaks(self):
        verdict = detect_leak([1e6 + 5_000 * cycle for cycle in range(15)], floor_bytes=1_000)
        self.assertIs(verdict.leaking, True)
        self.assertAlmostEqual(verdict.growth_per_cycle, 5_000)
        self.assertIn("5 kB, above the floor of 1 kB", verdict.reason)
        self.assertIn("is significant", verdict.reason)

    def test_a_rise_in_steps_of_the_allocator_leaks(self):
        steps = [1e6 + 64_000 * (cycle // 5) for cycle in range(30)]
        verdict = detect_leak(steps, floor_bytes=5_000)
        self.assertIs(verdict.leaking, True)

    def test_a_steady_rise_below_the_floor_does_not(self):
        verdict = detect_leak([1e6 + 500 * cycle for cycle in range(20)], floor_bytes=1_000)
        self.assertIs(verdict.leaking, False)
        self.assertIn("not above the floor", verdict.reason)

    def test_noise_does_not_however_loud(self):
        rng = random.Random(6)
        verdict = detect_leak([rng.gauss(1e8, 1e7) for _ in range(20)], floor_bytes=0)
        self.assertIs(verdict.leaking, False)

    def test_a_single_step_and_a_fall_do_not(self):
        self.assertIs(detect_leak([1e6] * 3 + [2e6] * 17, floor_bytes=1_000).leaking, False)
        falling = [2e6 - 5_000 * cycle for cycle in range(20)]
        self.assertIs(detect_leak(falling, floor_bytes=1_000).leaking, False)

    def test_fewer_than_15_cycles_are_inconclusive(self):
        verdict = detect_leak([1e6 * cycle for cycle in range(14)], floor_bytes=1_000)
        self.assertIsNone(verdict.leaking)
        self.assertEqual(
            verdict.reason, "inconclusive: 14 cycles after warm-up, it takes at least 15"
        )


class FindLeakTests(SimpleTestCase):
    def setUp(self):
        # Each cycle collects garbage, which takes long where all tests of a project are loaded.
        gc.freeze()
        self.addCleanup(gc.unfreeze)

    def test_a_planted_leak_is_found_and_named(self):
        registry = []

        def forgetful_cycle():
            registry.append(bytearray(10_000))
            return [bytearray(50_000) for _ in range(5)]

        verdict = find_leak(forgetful_cycle, floor_bytes=1_000)
        self.assertIs(verdict.leaking, True)
        self.assertAlmostEqual(verdict.growth_per_cycle, 10_000, delta=1_000)
        culprit = verdict.culprits[0]
        self.assertEqual(culprit.line, line_of("registry.append(bytearray(10_000))"))
        self.assertIn(f"{THIS_FILE}:{culprit.line}", verdict.reason)

    def test_a_clean_loop_is_not_accused(self):
        cache = {}

        def clean_cycle():
            cache["latest"] = [bytearray(10_000) for _ in range(5)]
            cycle = [bytearray(10_000)]
            cycle.append(cycle)

        verdict = find_leak(clean_cycle, floor_bytes=1_000)
        self.assertIs(verdict.leaking, False)
        self.assertEqual(verdict.culprits, ())

    def test_a_cache_that_fills_while_warming_up_is_not_accused(self):
        cache = []

        def warming_cycle():
            if len(cache) < 5:
                cache.append(bytearray(100_000))

        self.assertIs(find_leak(warming_cycle, floor_bytes=1_000).leaking, False)

    def test_it_stops_tracing_when_a_cycle_raises(self):
        with self.assertRaises(ZeroDivisionError):
            find_leak(lambda: 1 / 0, floor_bytes=1_000)
        self.assertFalse(tracemalloc.is_tracing())
