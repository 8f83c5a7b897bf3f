from dataclasses import replace

from django.test import SimpleTestCase

from perftests.records import codec
from perftests.records.events import Figure, Finished, Progress, Started, TestEnded, TestStarted
from perftests.records.live import (
    LONGEST_LINE,
    MOST_CURVES,
    MOST_LINES,
    MOST_POINTS,
    Curve,
    Live,
)

from ..sample_reports import PASSED

BEGUN = TestStarted("a.b.c", "notification", "N1", "High volume")


def after(*events, live=None):
    live = live or Live()
    for seconds, event in enumerate(events):
        live = live.heard(event, float(seconds))
    return live


class LiveTests(SimpleTestCase):
    def test_a_live_run_knows_which_test_runs_since_when_and_how_far_it_is(self):
        live = after(Started(3), BEGUN, Progress("2,000/s", 4, 20))
        self.assertEqual((live.tests, live.ended, live.row, live.since), (3, 0, "N1", 1.0))
        self.assertEqual((live.text, live.done, live.total), ("2,000/s", 4, 20))

    def test_a_test_that_has_ended_is_counted_told_and_no_longer_the_one_that_runs(self):
        live = after(Started(3), BEGUN, Progress("2,000/s", 4, 20), TestEnded(PASSED))
        self.assertEqual((live.ended, live.title, live.text, live.total), (1, "", "", None))
        self.assertIn(PASSED.title, live.lines[-1])
        self.assertIn("pass", live.lines[-1])

    def test_the_figures_of_a_test_are_kept_with_their_seconds_and_not_for_the_next(self):
        figures = [Figure("messages", value, "/s") for value in (5.0, 7.0)]
        live = after(BEGUN, *figures, Figure("messages", 2.5, "ms"))
        throughput = Curve("messages", "/s", ((1.0, 5.0), (2.0, 7.0)))
        self.assertEqual(live.curves, (throughput, Curve("messages", "ms", ((3.0, 2.5),))))
        self.assertEqual(after(BEGUN, live=live).curves, ())

    def test_a_live_run_that_an_earlier_version_has_stored_is_read(self):
        stored = codec.to_builtins(after(BEGUN, Progress("x", 1, 2)))
        stored |= {"figures": [[1.0, 5.0]], "unit": "/s"}
        del stored["curves"]
        self.assertEqual(codec.from_builtins(stored, Live).text, "x")

    def test_progress_in_steps_is_not_in_the_log_and_other_progress_is(self):
        live = after(BEGUN, Progress("step", 1, 9), Progress("connecting"))
        self.assertEqual(live.lines, ("N1 connecting",))

    def test_a_live_run_stays_small_however_much_is_told(self):
        figures = [Figure(f"n{n % 9}", 1.0, "/s" * 1000) for n in range(3000)]
        live = after(BEGUN, *[Progress("x" * 10_000)] * 1000, *figures)
        for second in range(1000):
            live = live.used(second, 50.0, 100.0)
        self.assertEqual(len(live.lines), MOST_LINES)
        self.assertEqual({len(line) for line in live.lines}, {LONGEST_LINE})
        points = [live.cpu, live.memory, *(curve.points for curve in live.curves)]
        self.assertEqual([len(each) for each in points], [MOST_POINTS] * (2 + MOST_CURVES))
        self.assertEqual({len(curve.unit) for curve in live.curves}, {LONGEST_LINE})
        self.assertEqual(live.memory[-1], (999, 100.0))

    def test_a_reading_without_cpu_is_one_of_memory(self):
        live = Live().used(1.0, None, 90.0)
        self.assertEqual((live.cpu, live.memory), ((), ((1.0, 90.0),)))

    def test_text_that_no_database_takes_is_escaped(self):
        live = after(replace_title("a\0b"), Progress("\ud800")).said("\0")
        self.assertEqual((live.title, live.text), ("a\\x00b", "\\ud800"))
        self.assertEqual(live.lines[-1], "\\x00")

    def test_a_live_run_is_read_back_as_it_was_written(self):
        live = after(Started(1), BEGUN, Progress("x", 1, 2), Figure("x", 3.5, "ms")).used(
            1.0, 20.0, 90.5
        )
        live = replace(live, ending="SIGINT")
        self.assertEqual(codec.from_builtins(codec.to_builtins(live), Live), live)

    def test_events_of_no_interest_change_nothing(self):
        self.assertEqual(after(Finished(interrupted=False)), Live())


def replace_title(title):
    return TestStarted("a.b.c", "notification", "N1", title)
