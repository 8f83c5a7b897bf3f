from unittest import mock

from django.db import OperationalError
from django.test import TransactionTestCase

from notifications.models import Notification
from perftests.exceptions import UnusableDatabase
from perftests.models import PerfRun
from perftests.watch import turns
from perftests.watch.subscribers import subscribe
from perftests.watch.turns import RETRY_SECONDS, Watch

from .samples import QUICK, SLOW, result_of, watched
from .test_subscribers import make_viewer


class Ended(BaseException):
    """The end of a test that goes on for ever, as Ctrl-C is that of a watch."""


class Clock:
    """Time that passes by sleeping alone; it ends the watch after some of it."""

    def __init__(self, ends):
        self.now, self.ends, self.slept = 0.0, ends, []

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.spend(seconds)

    def spend(self, seconds):
        self.now += seconds
        if self.now >= self.ends:
            raise Ended


class WatchTests(TransactionTestCase):
    def setUp(self):
        subscribe(make_viewer("ada"))
        self.said, self.complaints, self.measured_at = [], [], []
        self.clock = Clock(ends=4 * 3600)
        self.enterContext(mock.patch.object(turns, "time", self.clock))

    def watch(self, *metrics, takes=60.0):
        """Measures these one after the other; an exception is raised."""
        left = list(metrics)

        def measure():
            self.measured_at.append(self.clock.now)
            self.clock.spend(takes)
            metric = left.pop(0) if left else QUICK
            if isinstance(metric, BaseException):
                raise metric
            watched(result_of(metric))
            return True

        return Watch(measure, self.said.append, self.complaints.append)

    def forever(self, *metrics, every=3600.0, **options):
        with self.assertRaises(Ended):
            self.watch(*metrics, **options).forever(every)

    def sent(self):
        return ["Over" in n.title for n in Notification.objects.order_by("pk")]

    def test_once_measures_judges_and_tells(self):
        self.assertTrue(self.watch(SLOW).once())
        self.assertEqual(self.sent(), [False])
        self.assertFalse(PerfRun.objects.filter(to_judge=True).exists())

    def test_once_is_not_well_where_measuring_was_not_or_nobody_could_be_told(self):
        self.assertFalse(Watch(lambda: False, self.said.append, self.complaints.append).once())
        with mock.patch("notifications.send.notify", side_effect=RuntimeError("no way")):
            self.assertFalse(self.watch(SLOW).once())

    def test_a_watch_measures_again_from_one_beginning_to_the_next(self):
        self.forever()
        self.assertEqual(self.measured_at, [0, 3600, 7200, 10800])

    def test_a_time_that_took_longer_is_followed_by_the_next_at_once(self):
        self.forever(takes=5000.0)
        self.assertEqual(self.measured_at, [0, 5000, 10000])

    def test_one_cause_over_several_times_is_told_once_and_once_when_it_is_over(self):
        self.forever(SLOW, SLOW, QUICK, QUICK)
        self.assertEqual(self.sent(), [False, True])

    def test_a_run_that_an_earlier_watch_has_left_is_judged_and_told_before_anything_else(
        self,
    ):
        watched(result_of(SLOW))
        self.watch(QUICK).once()
        self.assertEqual(self.sent(), [False, True])

    def test_an_alert_that_could_not_be_told_is_tried_again_before_the_next_time(self):
        calls = [RuntimeError("no way"), RuntimeError("no way"), mock.DEFAULT]
        from notifications.send import notify

        with mock.patch("notifications.send.notify", wraps=notify, side_effect=calls):
            self.forever(SLOW, SLOW, SLOW, SLOW)
        self.assertEqual(self.clock.slept[:2], [RETRY_SECONDS] * 2)
        self.assertEqual((len(self.complaints), self.sent()), (2, [False]))

    def test_a_time_that_fails_is_complained_of_and_the_next_is_measured(self):
        lost = UnusableDatabase("The run cannot be stored, so nothing was run: it is away")
        self.forever(QUICK, lost, OperationalError("gone"), SLOW)
        self.assertEqual(self.complaints, [str(lost), "gone"])
        self.assertEqual(self.sent(), [False])

    def test_a_run_that_cannot_be_stored_at_all_ends_the_watch_the_first_time(self):
        lost = UnusableDatabase("it is away")
        with self.assertRaises(UnusableDatabase):
            self.watch(lost).forever(3600.0)

    def test_no_connection_is_kept_while_it_waits(self):
        with mock.patch("perftests.watch.turns.connections.close_all") as closing:
            self.forever()
        self.assertEqual(closing.call_count, len(self.clock.slept))

    def test_a_database_that_fails_when_runs_are_judged_is_complained_of(self):
        with mock.patch.object(turns, "waiting", side_effect=OperationalError("locked")):
            self.assertFalse(self.watch(SLOW).once())
        self.assertEqual(self.complaints, ["locked", "locked"])
        self.assertTrue(self.watch(SLOW).once())
        self.assertEqual(self.sent(), [False])
