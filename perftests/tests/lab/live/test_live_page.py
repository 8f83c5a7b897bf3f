from datetime import timedelta

from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from perftests import store
from perftests.models import PerfRun
from perftests.records.live import Curve, Live
from perftests.records.results import State

from ...admin_pages import LIST, PAGE, AdminMixin, make_result, make_run

LIVE = "admin:perftests_perfrun_live"
PART = "admin:perftests_perfrun_live_part"

BUSY = Live(
    tests=12,
    ended=3,
    row="N1",
    title="High volume",
    text="2,500 notifications/s",
    done=5,
    total=20,
    curves=(
        Curve("High volume", "notifications/s", ((9.0, 2400.0), (10.0, 2500.0))),
        Curve("messages", "/s", ((9.0, 1400.0), (10.0, 1500.0))),
        Curve("messages", "ms", ((9.0, 3.5), (10.0, 4.5))),
        Curve("connections", "ms", ((9.0, 2.5), (10.0, 2.5))),
    ),
    cpu=((9.0, 80.0), (10.0, 95.0)),
    memory=((9.0, 180.0), (10.0, 190.0)),
    lines=("N1 connecting",),
)


class LivePageTests(AdminMixin, TestCase):
    def setUp(self):
        super().setUp()
        self.run_ = make_run(make_result(row="W1"), state=State.RUNNING)

    def tell(self, live=BUSY, **fields):
        store.tell(self.run_, live)
        PerfRun.objects.filter(pk=self.run_.pk).update(**fields)

    def silent_for(self, seconds):
        self.tell(heard_at=timezone.now() - timedelta(seconds=seconds))

    def part(self):
        return self.get(PART, run=self.run_.pk)

    def test_the_live_page_shows_the_row_that_runs_how_far_it_is_and_how_many_have_ended(self):
        self.tell()
        page = self.get(LIVE, run=self.run_.pk)
        self.assertContains(page, "<strong>N1</strong> High volume")
        self.assertContains(page, "3 of 12 tests")
        self.assertContains(page, '<progress max="100" value="25">')
        self.assertContains(page, "2,500 notifications/s")
        self.assertContains(page, "N1 connecting")

    def test_the_live_page_draws_what_is_measured_now_cpu_and_memory(self):
        self.tell()
        drawn = [line.name for chart in self.part().context["charts"] for line in chart.lines]
        latencies = ["latency, median", "time to connect, median"]
        self.assertEqual(drawn, ["High volume", "messages", *latencies, "CPU", "memory"])
        self.assertContains(self.part(), "Throughput over time")
        self.assertContains(self.part(), "<td>4.5</td>")

    def test_the_live_page_has_the_newest_results_first_each_with_its_headline(self):
        self.tell()
        store.add(self.run_, make_result("s.T.b", row="W2"))
        page = self.part()
        self.assertEqual([e.result.row for e in page.context["results"]], ["W2", "W1"])
        self.assertContains(page, "High-volume delivery: memory –")

    def test_the_part_is_no_whole_page_and_stands_in_the_page(self):
        self.tell()
        self.assertNotContains(self.part(), "<html")
        self.assertContains(self.get(LIVE), f'data-part="{reverse(PART)}?run={self.run_.pk}"')

    def test_a_run_that_has_told_nothing_yet_is_shown_as_one_that_begins(self):
        self.assertContains(self.get(LIVE), "The test database is made")

    def test_without_a_number_it_is_the_newest_run_that_goes_on(self):
        other = make_run(state=State.RUNNING)
        self.assertEqual(self.get(LIVE).context["run"], other)
        PerfRun.objects.update(state=State.FINISHED)
        page = self.client.get(reverse(LIVE), follow=True)
        self.assertRedirects(page, reverse(LIST))
        self.assertContains(page, "No run goes on now.")

    def test_a_run_that_has_ended_leads_to_its_page(self):
        store.finish(self.run_, State.FINISHED, 2.0)
        its_page = reverse(PAGE, args=[self.run_.pk])
        self.assertRedirects(self.client.get(reverse(LIVE), {"run": self.run_.pk}), its_page)
        self.assertContains(self.part(), f'data-ended="{its_page}"')

    def test_an_interrupted_run_is_shown_as_such(self):
        self.tell(Live(ending="SIGINT"), state=State.ABORTED)
        for page in (self.part(), self.get(PAGE, self.run_.pk)):
            self.assertContains(page, "It was interrupted by SIGINT.")

    def test_a_run_that_was_stopped_says_why(self):
        self.tell(Live(ending="It ran for <too> long."), state=State.ABORTED)
        self.assertContains(self.get(PAGE, self.run_.pk), "It ran for &lt;too&gt; long.")

    def test_a_run_that_was_killed_is_shown_as_such_once_it_was_silent_for_long(self):
        self.silent_for(60)
        for page in (self.part(), self.get(PAGE, self.run_.pk)):
            self.assertContains(page, "its process was killed, or its machine stopped")
        self.assertContains(self.part(), "data-ended")

    def test_a_silent_run_is_shown_as_such_before_it_is_given_up(self):
        self.silent_for(12)
        page = self.part()
        self.assertRegex(page.content.decode(), r"No sign of life for 1\d")
        self.assertNotContains(page, "data-ended")
        self.silent_for(1)
        self.assertNotContains(self.part(), "No sign of life")

    def test_a_run_that_was_deleted_leads_back_to_the_list(self):
        self.run_.delete()
        self.assertRedirects(self.client.get(reverse(LIVE), {"run": 1}), reverse(LIST))

    def test_a_run_that_is_deleted_while_it_is_followed_is_missed_in_one_sentence(self):
        query = {"run": self.run_.pk}
        self.run_.delete()
        self.assertEqual(self.client.get(reverse(PART), query).status_code, 404)
        page = self.client.get(reverse(LIVE), query, follow=True)
        self.assertContains(page, "One of these runs is not stored", count=1)

    def test_words_of_a_run_are_no_markup(self):
        evil = "<script>alert(1)</script>"
        self.tell(Live(tests=1, row=evil, title=evil, text=evil, lines=(evil,)))
        self.assertNotContains(self.part(), "<script>alert")

    def test_the_part_takes_as_many_queries_however_much_was_measured(self):
        self.tell()
        few = self.count_queries(PART)
        for number in range(20):
            store.add(self.run_, make_result(f"s.T.t{number}"))
        self.assertEqual(self.count_queries(PART), few)
        self.assertLess(few, 9)

    def test_the_list_and_the_page_of_the_run_lead_to_it(self):
        link = f"{reverse(LIVE)}?run={self.run_.pk}"
        for page in (self.get(LIST), self.get(PAGE, self.run_.pk)):
            self.assertContains(page, link)
        store.finish(self.run_, State.FINISHED, 2.0)
        for page in (self.get(LIST), self.get(PAGE, self.run_.pk)):
            self.assertNotContains(page, link)

    def test_the_live_page_speaks_german(self):
        self.tell()
        with override("de"):
            self.assertContains(self.part(), "3 von 12 Tests")
