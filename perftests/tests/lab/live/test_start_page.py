from datetime import timedelta
from unittest import mock

from django.test import TestCase, override_settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from perftests import store
from perftests.lab.live import start_form
from perftests.models import SILENCE_LIMIT, PerfWish, WishState
from perftests.records.results import State
from perftests.wishes import queue, starting

from ...admin_pages import LIST, AdminMixin, make_run

START = "admin:perftests_perfrun_start"
PART = "admin:perftests_perfrun_start_part"
CANCEL = "admin:perftests_perfrun_cancel"
LIVE = "admin:perftests_perfrun_live"


@override_settings(PERFTESTS={"START_FROM_ADMIN": True})
class StartPageTests(AdminMixin, TestCase):
    def setUp(self):
        super().setUp()
        self.enterContext(mock.patch.object(start_form, "newest_refs", return_value=[]))
        self.attend = self.enterContext(mock.patch.object(starting, "attend"))

    def post(self, **asked):
        return self.client.post(reverse(START), {"scale": "smoke", "server": "daphne", **asked})

    def wish(self, state=WishState.QUEUED, **fields):
        heard_at = fields.pop("heard_at", timezone.now())
        arguments = ["N7", "--scale", "smoke"]
        return PerfWish.objects.create(
            arguments=arguments, asked_by="ada", state=state, heard_at=heard_at, **fields
        )

    def part(self):
        return self.get(PART)

    def test_a_run_that_is_asked_for_is_queued_and_somebody_attends_to_it(self):
        self.assertRedirects(self.post(labels="N7"), reverse(START))
        wish = PerfWish.objects.get()
        self.assertEqual((wish.asked_by, wish.arguments[0]), ("root", "N7"))
        self.attend.assert_called_once_with()

    def test_a_run_that_is_asked_for_in_a_wrong_way_is_not_queued_and_the_page_says_why(self):
        page = self.post(labels="prune")
        self.assertContains(page, "is neither a row such as N7 nor a dotted label")
        self.assertFalse(PerfWish.objects.exists())

    def test_whoever_may_start_runs_but_not_see_them_is_led_to_none(self):
        make_run(state=State.RUNNING)
        self.wish(WishState.ENDED, run=make_run())
        self.wish()
        self.assertContains(self.part(), "/change/")
        self.log_in_with("start_perfrun")
        page = self.get(START)
        for runs in (LIST, LIVE, "admin:app_list"):
            args = ["perftests"] if runs == "admin:app_list" else []
            self.assertNotContains(page, f'href="{reverse(runs, args=args)}')
        self.assertContains(page, "Run ", count=2)

    def test_a_run_too_many_is_refused_in_a_sentence(self):
        with mock.patch.object(queue, "MOST_QUEUED", 0):
            page = self.client.post(
                reverse(START), {"scale": "smoke", "server": "daphne"}, follow=True
            )
        self.assertContains(page, "Too many runs are queued")
        self.attend.assert_not_called()

    def test_the_queue_shows_each_wish_with_its_arguments_and_who_asked_for_it(self):
        self.wish()
        self.assertContains(self.part(), "perf N7 --scale smoke")
        self.assertContains(self.part(), "ada")
        self.assertContains(self.part(), "queued")

    def test_a_wish_that_goes_on_leads_to_its_run_as_it_is_measured(self):
        run = make_run(state=State.RUNNING)
        self.wish(WishState.RUNNING, run=run)
        self.assertContains(self.part(), f"{reverse(LIVE)}?run={run.pk}")

    def test_a_wish_that_has_ended_leads_to_its_run(self):
        run = make_run()
        self.wish(WishState.ENDED, run=run, said="Run 1 …")
        page = self.part()
        self.assertContains(page, reverse("admin:perftests_perfrun_change", args=[run.pk]))
        self.assertNotContains(page, "Run 1 …")

    def test_a_wish_that_led_to_no_run_shows_what_the_command_has_said(self):
        self.wish(WishState.ENDED, said="There is no row <N99>.")
        self.assertContains(self.part(), "There is no row &lt;N99&gt;.")

    def test_a_wish_whose_carrier_died_is_shown_as_lost(self):
        self.wish(WishState.RUNNING, heard_at=timezone.now() - 2 * SILENCE_LIMIT)
        self.assertContains(self.part(), "perf-lost")

    def test_a_queue_that_nobody_carries_out_says_so(self):
        wish = self.wish(heard_at=None)
        self.assertNotContains(self.part(), "has died")
        PerfWish.objects.filter(pk=wish.pk).update(asked_at=timezone.now() - timedelta(minutes=5))
        self.assertContains(self.part(), "Whoever carries the queue out has died.")

    def test_a_queue_that_waits_for_a_run_of_a_terminal_says_so(self):
        run = make_run(state=State.RUNNING)
        self.wish()
        self.assertContains(self.part(), "The queue waits for a run that goes on already")
        store.finish(run, State.FINISHED, 1.0)
        self.assertNotContains(self.part(), "The queue waits")

    def test_a_wish_can_be_cancelled_until_it_is_over(self):
        wish = self.wish()
        page = self.client.post(reverse(CANCEL), {"wish": wish.pk}, follow=True)
        self.assertContains(page, "The run is cancelled")
        for number in (wish.pk, 999, "x", "9" * 40, ""):
            page = self.client.post(reverse(CANCEL), {"wish": number}, follow=True)
            self.assertContains(page, "This run is over")

    def test_a_wish_can_be_cancelled_where_its_run_is_followed(self):
        run = make_run(state=State.RUNNING)
        url = f"{reverse(LIVE)}?run={run.pk}"
        self.assertNotContains(self.client.get(url), reverse(CANCEL))
        self.wish(WishState.RUNNING, run=run)
        self.assertContains(self.client.get(url), reverse(CANCEL))
        self.log_in_with("view_perfrun")
        self.assertNotContains(self.client.get(url), reverse(CANCEL))

    def test_nobody_without_the_permission_for_that_is_offered_to_cancel(self):
        self.wish()
        self.assertContains(self.part(), reverse(CANCEL))
        self.log_in_with("start_perfrun")
        self.assertNotContains(self.part(), reverse(CANCEL))

    def test_the_list_of_runs_leads_to_whoever_may_start_one(self):
        self.assertContains(self.get(LIST), reverse(START))
        self.log_in_with("view_perfrun")
        self.assertNotContains(self.get(LIST), reverse(START))

    def test_the_queue_takes_as_many_queries_however_long_it_is(self):
        self.wish()
        few = self.count_queries(PART)
        for _ in range(9):
            self.wish(WishState.ENDED, run=make_run())
        self.assertEqual(self.count_queries(PART), few)

    def test_the_page_that_starts_runs_speaks_german(self):
        with override("de"):
            self.assertContains(self.get(START), "Einen Lauf starten")
