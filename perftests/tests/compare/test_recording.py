from django.contrib.auth.models import User
from django.test import TransactionTestCase
from django.urls import reverse

from perftests import store
from perftests.compare.recording import recorded
from perftests.exceptions import PerftestsError
from perftests.models import PerfRun
from perftests.records.live import Live
from perftests.records.results import State

from ..sample_reports import ENVIRONMENT
from ..waiting import wait_until
from .test_reporting import reported

LIMIT_SECONDS = 20
TITLE = "here against main"


class RecordingTests(TransactionTestCase):
    def recorded(self, *, watched=False):
        return recorded("watch", {"against": "main"}, ENVIRONMENT, watched=watched)

    def wait_until_told(self, told):
        """Wait until the row that the pages read says so, and return it."""
        run = PerfRun.objects.get()
        wait_until(lambda: told(store.told(run) or Live()), LIMIT_SECONDS, "the row")
        return store.told(run)

    def test_a_comparison_tells_while_it_goes_on_which_pair_begins_and_what_they_say_by_now(self):
        with self.recorded() as recording:
            recording.counting(TITLE)
            self.assertEqual(self.wait_until_told(lambda live: live.title).row, "")
            recording.pairing(TITLE)
            for done in (0, 1, 2):
                recording.pair(done, 112, {"push": [1.1, 1.3, 1.2][:done], "ack": []})
            live = self.wait_until_told(lambda live: live.done == 2)
        self.assertEqual((live.text, live.total), ("pair 3 of at most 112", 112))
        self.assertEqual(live.title, f"CPU and time: {TITLE}, in pairs")
        [push] = live.curves
        self.assertEqual((push.name, push.unit), ("push", "×"))
        self.assertEqual([value for _, value in push.points], [1.1, 1.2])
        recording.finish([])

    def test_a_comparison_that_goes_on_is_followed_on_the_live_page(self):
        self.client.force_login(User.objects.create_superuser("root"))
        with self.recorded() as recording:
            recording.pairing(TITLE)
            recording.pair(1, 112, {"push": [1.1]})
            recording.pair(2, 112, {"push": [1.1, 1.3]})
            self.wait_until_told(lambda live: live.done == 2)
            page = self.client.get(reverse("admin:perftests_perfrun_live"))
        self.assertContains(page, "pair 3 of at most 112")
        self.assertContains(page, "Ratio, median of the pairs, over time")
        self.assertNotContains(page, ", ,")
        recording.finish([])

    def test_a_comparison_that_came_to_its_end_is_stored_with_its_results_and_waits_for_its_judge(
        self,
    ):
        results = reported(push=1.2).results
        with self.recorded(watched=True) as recording:
            recording.pairing(TITLE)
        report = recording.finish(results)
        run = PerfRun.objects.get()
        self.assertEqual((report.run, report.results), (run.pk, results))
        self.assertEqual((run.state, run.verdict), (State.FINISHED, "fail"))
        self.assertTrue(run.to_judge)
        self.assertIsNone(store.told(run))

    def test_a_comparison_that_fails_is_an_aborted_run_whose_page_says_why(self):
        with self.assertRaises(PerftestsError), self.recorded() as recording:
            recording.pairing(TITLE)
            raise PerftestsError("main cannot be measured.")
        run = PerfRun.objects.get()
        self.assertEqual(run.state, State.ABORTED)
        self.client.force_login(User.objects.create_superuser("root"))
        page = self.client.get(reverse("admin:perftests_perfrun_change", args=[run.pk]))
        self.assertContains(page, "main cannot be measured.")
