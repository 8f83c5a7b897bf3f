"""Performance tests with odd ends, for the tests of the collector; not to be discovered."""

import sys
import threading
import unittest

from django.test import SimpleTestCase

from perftests.testcases import PerformanceTestCase


class ShakyText(Exception):
    def __str__(self):
        raise RuntimeError("no text")


class OddEndings(PerformanceTestCase):
    """Every test ends in a way that unittest, or a reader, might take for a success."""

    suite = "odd"

    def miss(self):
        self.measure("rate", 80, "/s", required="> 100")

    def test_measures_nothing(self):
        pass

    def test_is_no_test_but_a_generator(self):
        yield self.measure("rate", 200, "/s", required="> 100")

    def test_measures_no_value(self):
        self.measure("rate", None, "/s", goal="> 100", doubt="nothing came")

    def test_is_in_doubt(self):
        self.measure("rate", 200, "/s", required="> 100", doubt="the generator was saturated")

    def test_misses_and_skips(self):
        self.miss()
        self.skipTest("no more")

    def test_misses_in_a_part_and_skips_another(self):
        with self.subTest("first"):
            self.miss()
        with self.subTest("second"):
            self.skipTest("no service")

    def test_misses_and_skips_while_it_cleans_up(self):
        self.addCleanup(self.skipTest, "no more")
        self.miss()

    def test_misses_and_breaks_while_it_cleans_up(self):
        self.addCleanup(int, "no number")
        self.miss()

    @unittest.expectedFailure
    def test_is_expected_to_miss(self):
        self.miss()

    @unittest.expectedFailure
    def test_is_expected_to_fail_and_fails(self):
        self.measure("rate", 200, "/s", required="> 100")
        self.fail("as expected")

    @unittest.expectedFailure
    def test_is_expected_to_fail_and_breaks(self):
        int("no number")

    @unittest.expectedFailure
    def test_is_expected_to_fail_and_passes(self):
        self.measure("rate", 200, "/s", required="> 100")

    @unittest.expectedFailure
    def test_is_expected_to_fail_and_measures_nothing(self):
        pass

    def test_loses_a_thread(self):
        self.measure("rate", 200, "/s", required="> 100")
        thread = threading.Thread(target=int, args=["no number"])
        thread.start()
        thread.join()

    def test_hands_in_what_is_no_number(self):
        self.measure("rate", float("nan"), "/s")

    def test_exits(self):
        sys.exit(0)

    def test_raises_what_is_no_exception(self):
        raise GeneratorExit

    def test_raises_what_has_no_text(self):
        raise ShakyText

    def test_raises_nul_and_a_surrogate(self):
        raise RuntimeError("a\0b\ud800")

    def test_has_a_title_with_nul(self):
        """A title\0with NUL"""
        self.measure("rate", 200, "/s", required="> 100")

    async def test_fails_in_a_coroutine(self):
        self.fail("in a coroutine")


class ForgetfulSetUp(PerformanceTestCase):
    suite = "odd"

    def setUp(self):
        pass

    def test_misses(self):
        self.measure("rate", 80, "/s", required="> 100")


class Parametrised(PerformanceTestCase):
    """`load_tests` of a stranger makes some of it."""

    suite = "odd"

    def __init__(self, method="test_measures", rate=200):
        super().__init__(method)
        self.rate, self.lock = rate, threading.Lock()

    def test_measures(self):
        self.measure("rate", self.rate, "/s", required="> 100")


class ExitsWhileSetUp(SimpleTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        sys.exit(0)

    def test_never_runs(self):
        pass


class Stopping(PerformanceTestCase):
    suite = "odd"

    def test_1_ends_the_run(self):
        self.measure("rate", 200, "/s", required="> 100")
        self._outcome.result.stop()

    def test_2_never_starts(self):
        self.measure("rate", 200, "/s", required="> 100")
