import shutil
from datetime import timedelta

from django.db import connection
from django.db.models.signals import post_delete
from django.test import tag
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from perftests import store
from perftests.models import SILENCE_LIMIT, PerfMetric, PerfResult, PerfRun
from perftests.records.results import Outcome, State
from perftests.records.workload import Chosen

from ..admin_pages import KEPT, LIST, PAGE, AdminTestCase, make_result, make_run

DELETE = "admin:perftests_perfrun_delete"
ADD = "admin:perftests_perfrun_add"
CHROMIUM = shutil.which("chromium")


def _listen(**_):
    pass


class RunListTests(AdminTestCase):
    @tag("slow")
    def test_the_run_list_shows_what_each_run_came_to(self):
        passing = make_result(metrics=(KEPT,))
        failing = make_result(outcome=Outcome.FAILED)
        skipped = make_result(outcome=Outcome.SKIPPED)
        make_run(passing, passing, failing, make_result(), skipped)
        response = self.get(LIST)
        self.assertContains(response, '<span class="perf-badge perf-fail">fail</span>')
        self.assertContains(response, "2 passed, 1 failed, 1 inconclusive, 1 skipped")
        self.assertContains(response, "134 s")

    def test_the_run_list_shows_what_each_run_ran_on(self):
        make_run()
        PerfRun.objects.update(commit="0123456789ab")
        response = self.get(LIST)
        self.assertContains(response, "<code>0123456</code>")
        self.assertContains(response, "smoke, daphne, sqlite <small></small>")
        self.assertContains(response, ">A processor, 2 cores</td>")

    def test_the_run_list_shows_a_running_run_with_a_state_and_no_verdict(self):
        make_run(state=State.RUNNING)
        response = self.get(LIST)
        self.assertContains(response, '<span class="perf-badge perf-running">running</span>')
        self.assertNotContains(response, "perf-inconclusive")

    def test_the_run_list_shows_a_run_that_lost_its_process_as_aborted(self):
        make_run(state=State.RUNNING)
        PerfRun.objects.update(heard_at=timezone.now() - SILENCE_LIMIT - timedelta(seconds=1))
        response = self.get(LIST)
        self.assertContains(response, '<span class="perf-badge perf-aborted">aborted</span>')
        self.assertNotContains(response, "perf-running")

    def test_a_label_of_any_length_is_whole_on_the_page_of_its_run_alone(self):
        label = "a <b>long</b> label " * 5_000
        run = make_run(label=label)
        self.assertLess(len(self.get(LIST).content), 50_000)
        self.assertContains(self.get(PAGE, run.pk), escape(label), count=1)

    def test_the_run_list_says_when_there_are_no_runs(self):
        page = self.get(LIST)
        self.assertContains(page, "0 runs")
        self.assertContains(page, "<code>python manage.py perf</code>", html=True)

    def test_the_run_list_filters_by_verdict_state_scale_and_server(self):
        passed = make_run(make_result(metrics=(KEPT,)), scale="smoke", server="daphne")
        aborted = make_run(scale="extended", server="uvicorn", state=State.ABORTED)
        self.assertEqual(self.listed(verdict__exact="pass"), [passed])
        self.assertEqual(self.listed(state__exact="aborted"), [aborted])
        self.assertEqual(self.listed(scale="smoke"), [passed])
        self.assertEqual(self.listed(server="uvicorn"), [aborted])
        self.assertEqual(self.listed(scale="standard"), [])

    def test_the_run_list_keeps_runs_with_a_changed_workload_apart(self):
        old, usual = make_run(), make_run(workloads={})
        own = make_run(workloads={"N7": {"sockets": 5}})
        self.assertEqual(self.listed(workload="own"), [own])
        self.assertEqual(self.listed(workload="usual"), [usual, old])
        self.assertContains(self.get(LIST), "smoke, own N7, daphne", count=1)

    def test_the_run_list_marks_and_filters_pinned_runs(self):
        make_run()
        pinned = make_run()
        store.pin([pinned])
        badge = '<span class="perf-badge perf-pinned">pinned</span>'
        self.assertContains(self.get(LIST), badge, count=1)
        self.assertContains(self.get(PAGE, pinned.pk), badge, count=1)
        self.assertEqual(self.listed(pinned__exact="1"), [pinned])

    def test_the_run_list_pins_and_unpins_the_selected_runs(self):
        kept, other, later = make_run(), make_run(), make_run()
        chosen = {"_selected_action": [kept.pk, later.pk]}
        response = self.client.post(reverse(LIST), {"action": "pin", **chosen}, follow=True)
        self.assertContains(response, "Runs pinned: 2.")
        self.assertEqual(self.listed(pinned__exact="0"), [other])
        self.client.post(reverse(LIST), {"action": "unpin", "_selected_action": [later.pk]})
        self.assertEqual(self.listed(pinned__exact="1"), [kept])

    def test_the_page_of_a_run_shows_the_workload_of_each_test(self):
        workload = (Chosen("sockets", 500, 1_000), Chosen("levels", (5, 10), (5, 10)))
        run = make_run(make_result(workload=workload), workloads={"N7": {"sockets": 500}})
        response = self.get(PAGE, run.pk)
        self.assertContains(response, "<strong>sockets 500 instead of 1,000</strong>, levels 5 and")
        self.assertContains(response, "<dd>N7 sockets 500</dd>")

    def test_the_run_list_offers_the_scales_that_occur_as_filters(self):
        make_run(scale="smoke")
        make_run(scale="extended")
        response = self.get(LIST)
        self.assertContains(response, "?scale=extended")
        self.assertNotContains(response, "?scale=standard")

    def test_the_run_list_searches_label_commit_and_test(self):
        run = make_run(make_result("suites.A.test_storm"), label="before the upgrade")
        PerfRun.objects.update(commit="cafe")
        make_run(make_result("suites.A.test_calm"), label="other")
        for text in ("upgrade", "cafe", "test_storm"):
            self.assertEqual(self.listed(q=text), [run])
        self.assertEqual(self.listed(q="nothing like it"), [])

    def test_a_search_of_the_run_list_by_test_does_not_change_its_counts(self):
        results = [make_result(f"suites.A.test_storm_{i}", metrics=(KEPT,)) for i in range(3)]
        make_run(*results)
        self.assertContains(self.get(LIST, q="test_storm"), "3 passed")

    def test_the_run_list_takes_a_constant_number_of_queries(self):
        make_run(make_result())
        before = self.count_queries(LIST)
        for _ in range(5):
            make_run(make_result(), make_result())
        self.assertEqual(self.count_queries(LIST), before)

    def test_the_run_list_shows_a_label_as_text_and_not_as_html(self):
        make_run(label="<script>alert(1)</script>")
        response = self.get(LIST)
        self.assertContains(response, "&lt;script&gt;alert(1)")
        self.assertNotContains(response, "<script>alert(1)")


@tag("slow")
class RunPermissionTests(AdminTestCase):
    def test_a_stored_run_can_not_be_edited_in_the_admin(self):
        run = make_run(make_result(), label="as measured")
        url = reverse(PAGE, args=[run.pk])
        response = self.client.post(url, {"label": "better", "verdict": "pass"})
        self.assertEqual(response.status_code, 403)
        run.refresh_from_db()
        self.assertEqual(run.label, "as measured")
        self.assertNotContains(self.get(PAGE, run.pk), '<input type="submit"')

    def test_a_run_can_not_be_added_in_the_admin(self):
        self.assertEqual(self.client.get(reverse(ADD)).status_code, 403)
        self.assertEqual(self.client.post(reverse(ADD), {"label": "x"}).status_code, 403)
        self.assertFalse(PerfRun.objects.exists())

    def test_runs_are_closed_to_the_public_and_to_staff_without_permission(self):
        run = make_run()
        self.log_in_with()
        for url in (reverse(LIST), reverse(PAGE, args=[run.pk])):
            self.assertEqual(self.client.get(url).status_code, 403)
        self.client.logout()
        for url in (reverse(LIST), reverse(PAGE, args=[run.pk])):
            self.assertRedirects(
                self.client.get(url),
                f"{reverse('admin:login')}?next={url}",
                fetch_redirect_response=False,
            )

    def test_permission_to_change_runs_lets_nobody_change_one(self):
        run = make_run()
        self.log_in_with("view_perfrun", "change_perfrun")
        url = reverse(PAGE, args=[run.pk])
        self.assertEqual(self.client.post(url, {"label": "better"}).status_code, 403)

    def test_runs_are_pinned_by_nobody_without_the_permission_to_change_them(self):
        run = make_run()
        for permissions, pinned in ((["view_perfrun"], 0), (["view_perfrun", "change_perfrun"], 1)):
            self.log_in_with(*permissions)
            self.client.post(reverse(LIST), {"action": "pin", "_selected_action": run.pk})
            self.assertEqual(PerfRun.objects.filter(pinned=True).count(), pinned)

    def test_permission_to_view_runs_lets_nobody_delete_one(self):
        run = make_run(make_result())
        self.log_in_with("view_perfrun")
        self.assertNotContains(self.get(PAGE, run.pk), "Delete this run")
        url = reverse(DELETE, args=[run.pk])
        self.assertEqual(self.client.post(url, {"post": "yes"}).status_code, 403)
        self.client.post(
            reverse(LIST), {"action": "delete_selected", "_selected_action": run.pk, "post": "yes"}
        )
        self.assertTrue(PerfRun.objects.exists())

    def test_a_run_is_deleted_with_its_results_and_metrics(self):
        kept = make_run(make_result())
        run = make_run(make_result(), make_result())
        self.assertContains(self.get(PAGE, run.pk), "Delete this run")
        self.client.post(reverse(DELETE, args=[run.pk]), {"post": "yes"})
        self.assertEqual(PerfRun.objects.get(), kept)
        self.assertEqual((PerfResult.objects.count(), PerfMetric.objects.count()), (1, 3))

    def test_a_run_with_many_metrics_is_deleted_without_reading_any_of_them(self):
        run = PerfRun.objects.create()
        results = PerfResult.objects.bulk_create(
            PerfResult(run=run, test=f"t{n}", outcome="completed", verdict="pass", seconds=1)
            for n in range(100)
        )
        PerfMetric.objects.bulk_create(
            (PerfMetric(result=results[n % 100], name=f"m{n}") for n in range(3_000)),
            batch_size=500,
        )
        post_delete.connect(_listen)  # without by_sql, each metric would be loaded for it
        self.addCleanup(post_delete.disconnect, _listen)
        url = reverse(DELETE, args=[run.pk])
        with CaptureQueriesContext(connection) as queries:
            self.assertContains(self.client.get(url), "<li>Metrics: 3000</li>", html=True)
            self.client.post(url, {"post": "yes"})
        self.assertLess(len(queries), 40)
        reads = [q["sql"] for q in queries if q["sql"].startswith("SELECT")]
        metrics = [sql for sql in reads if 'FROM "perftests_perfmetric"' in sql]
        self.assertTrue(all("COUNT(" in sql for sql in metrics), metrics)
        self.assertFalse(PerfMetric.objects.filter(result__run=run).exists())

    def test_the_page_before_deleting_names_the_runs_and_counts_the_rest(self):
        runs = [make_run(make_result(), label=f"<b>run {i}</b>") for i in range(2)]
        response = self.client.post(
            reverse(LIST),
            {"action": "delete_selected", "_selected_action": [run.pk for run in runs]},
        )
        self.assertContains(response, "&lt;b&gt;run 1&lt;/b&gt;")
        self.assertContains(response, "<li>Metrics: 6</li>", html=True)
        self.assertNotContains(response, "suites.Tests.test_delivery")
