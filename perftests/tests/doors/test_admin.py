import re
import shutil
import unittest
from datetime import timedelta
from importlib.util import find_spec

from django.contrib.auth.models import User
from django.contrib.staticfiles.testing import StaticLiveServerTestCase
from django.db import connection
from django.db.models.signals import post_delete
from django.test import modify_settings, tag
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from perftests import store
from perftests.models import SILENCE_LIMIT, PerfMetric, PerfResult, PerfRun
from perftests.records.results import Outcome, State
from perftests.records.targets import Metric, Target
from perftests.records.workload import Chosen

from ..admin_pages import KEPT, LIST, PAGE, AdminTestCase, make_result, make_run, measured_result
from ..sample_reports import ENVIRONMENT

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

    def test_the_run_list_says_when_there_are_no_runs(self):
        self.assertContains(self.get(LIST), "0 runs")

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


class RunPageTests(AdminTestCase):
    def page(self, run):
        return self.get(PAGE, run.pk)

    def test_the_run_page_shows_every_metric_of_every_result(self):
        names = [f"metric number {i}" for i in range(40)]
        results = [
            make_result(f"suites.A.test_{i}", metrics=(Metric(name, 1.0, "ms"),))
            for i, name in enumerate(names)
        ]
        response = self.page(make_run(*results))
        for name in names:
            self.assertContains(response, name)

    def test_the_run_page_shows_value_targets_verdicts_and_doubt(self):
        response = self.page(make_run(make_result()))
        passed = '<span class="perf-badge perf-pass">pass</span>'
        failed = '<span class="perf-badge perf-fail">fail</span>'
        for html in (
            '<td class="perf-value">12.3 ms</td>',
            f'<td data-label="Required">&lt; 100 ms {passed}</td>',
            f'<td data-label="Goal">&lt; 10 ms {failed}</td>',
            '<span class="perf-doubt">The server &lt;died&gt;.</span>',
        ):
            self.assertContains(response, html, html=True)

    def test_the_run_page_shows_the_worst_row_first(self):
        run = make_run(
            make_result("a.a", metrics=(KEPT,)),
            make_result("b.b", row="N2"),
            make_result("c.c", outcome=Outcome.FAILED),
        )
        lines = self.page(run).context["lines"]
        self.assertEqual([line.result.test for line in lines], ["c.c", "b.b", "a.a"])

    def test_the_top_of_the_run_page_says_what_is_missed_and_what_is_in_doubt(self):
        missed = Metric("p99", 120.0, "ms", "lower", Target("<", 100))
        doubted = Metric(
            "rate", 9.0, "1/s", "higher", Target(">", 5), doubt="The <client> was busy."
        )
        run = make_run(
            make_result("a.a", row="N1", metrics=(missed,)),
            make_result("b.b", row="W3", metrics=(doubted,)),
        )
        top = self.page(run).content.decode().partition('id="rows"')[0]
        self.assertIn("<strong>N1</strong> <span>p99</span> <span>120 ms</span>", top)
        self.assertIn("<strong>W3</strong> <span>rate</span>", top)
        self.assertIn("The &lt;client&gt; was busy.", top)

    def test_the_top_of_the_run_page_says_what_changed_since_the_run_before(self):
        before = make_run(make_result(metrics=(Metric("p99", 10.0, "ms"),)))
        run = make_run(make_result(metrics=(Metric("p99", 13.0, "ms"),)))
        top = self.page(run).content.decode().partition('id="rows"')[0]
        self.assertIn(f"Changed since run {before.pk}", top)
        self.assertIn("<strong>N1</strong> p99: 1.30 ×", top)

    def test_the_run_page_compares_with_a_pinned_run_rather_than_with_the_newest(self):
        pinned = make_run(make_result())
        store.pin([pinned])
        make_run(make_result())
        self.assertEqual(self.page(make_run(make_result())).context["earlier"], pinned.pk)

    def test_the_run_page_never_compares_with_a_run_of_another_machine_or_a_later_one(self):
        other, run = make_run(make_result()), make_run(make_result())
        PerfRun.objects.filter(pk=other.pk).update(environment={**ENVIRONMENT, "cpu": "Other"})
        make_run(make_result())
        response = self.page(run)
        self.assertContains(response, "No earlier run can be compared with")
        self.assertIsNone(response.context["earlier"])

    def test_a_line_of_the_run_page_draws_its_headline_in_the_runs_that_are_alike(self):
        for value in (10.0, 11.0, 12.0):
            run = make_run(make_result(metrics=(Metric("p99", value, "ms"),)))
        other = {"metrics": (Metric("p99", 99.0, "ms"),), "workload": (Chosen("sockets", 5, 1),)}
        make_run(make_result(**other))
        (line,) = self.page(run).context["lines"]
        self.assertEqual(line.runs, 3)
        self.assertContains(self.page(run), f'<polyline points="{line.spark}"/>')

    def test_the_run_page_shows_why_a_test_failed(self):
        detail = "AssertionError: 3 notifications are missing from <Inbox>"
        run = make_run(make_result(outcome=Outcome.FAILED, detail=detail))
        self.assertContains(self.page(run), "3 notifications are missing from &lt;Inbox&gt;")

    def test_the_run_page_says_which_tests_were_skipped_and_which_broke(self):
        run = make_run(
            make_result(outcome=Outcome.SKIPPED, detail="Needs PostgreSQL.", metrics=()),
            make_result(outcome=Outcome.ERROR, detail="OSError"),
        )
        response = self.page(run)
        self.assertContains(response, '<span class="perf-badge perf-skipped">skipped</span>')
        self.assertContains(response, "Needs PostgreSQL.")
        self.assertContains(response, "ended in an error")

    def test_the_run_page_shows_the_notes_of_a_test(self):
        run = make_run(make_result(notes=("Sent on <one> connection.",)))
        self.assertContains(self.page(run), "<li>Sent on &lt;one&gt; connection.</li>")

    def test_the_run_page_shows_parameters_and_environment(self):
        run = make_run()
        response = self.page(run)
        self.assertContains(response, "<dt>server</dt><dd>daphne</dd>")
        self.assertContains(response, f"<dd>{run.environment['kernel']}</dd>")
        self.assertContains(response, f"django {run.environment['packages']['django']}")

    def test_the_run_page_draws_latencies_and_resources(self):
        response = self.page(make_run(measured_result()))
        charts = response.context["lines"][0].charts
        names = [[line.name for line in chart.lines] for chart in charts]
        self.assertEqual(names, [["delivery"], ["server cpu"], ["server rss"]])
        self.assertContains(response, "<figure>", count=3)

    def test_each_chart_of_the_run_page_has_the_same_as_a_table(self):
        response = self.page(make_run(measured_result()))
        self.assertContains(response, "The same as a table", count=3)
        self.assertContains(response, '<th scope="col">p99</th>')

    def test_the_run_page_tells_what_has_to_be_exact_in_one_line(self):
        exact = (
            Metric("missing", 3.0, "deliveries", "exact", Target("==", 0)),
            Metric("reach", 100.0, "%", "exact", Target("==", 100)),
            Metric("p99", 5.0, "ms", "lower", Target("<", 9)),
        )
        response = self.page(make_run(make_result(metrics=exact)))
        self.assertContains(response, "Has to be exact: missing 3 deliveries <span")
        self.assertContains(response, "</span>, reach 100.0 %</p>")

    def test_the_run_page_says_that_a_run_has_no_results_yet(self):
        response = self.page(make_run(state=State.RUNNING))
        self.assertContains(response, "No test has ended yet")
        self.assertContains(response, "These are the results so far")

    def test_the_run_page_says_that_a_test_measured_nothing(self):
        response = self.page(make_run(make_result(metrics=())))
        self.assertContains(response, "This test measured nothing.")

    def test_the_run_page_takes_a_constant_number_of_queries(self):
        run = make_run(make_result())
        self.page(run)  # the first of a process also reads the content type
        few = self.count_queries(PAGE, make_run(make_result()).pk)
        many = self.count_queries(PAGE, make_run(*[make_result()] * 10).pk)
        self.assertEqual(many, few)

    def test_the_run_page_shows_what_was_measured_as_text_and_not_as_html(self):
        script = "<script>alert(1)</script>"
        result = measured_result()
        hostile = make_result(
            script,
            row=script[:16],
            title=script,
            detail=script,
            notes=(script,),
            metrics=(Metric(script, 1.0, script, doubt=script),),
            histograms={script: result.histograms["delivery"]},
        )
        self.assertNotContains(self.page(make_run(hostile, label=script)), "<script>alert(1)")

    def test_the_run_page_holds_no_inline_script_and_no_inline_style(self):
        html = self.page(make_run(measured_result())).content.decode()
        scripts = re.findall(r"<script[^>]*>", html)
        inline = [tag for tag in scripts if "src=" not in tag and "application/json" not in tag]
        self.assertEqual(inline, [])
        self.assertNotRegex(html, r'\son\w+="|\sstyle="')

    def test_the_queries_of_the_run_page_do_not_grow_with_the_runs_that_are_stored(self):
        for number in range(3):
            run = make_run(make_result(), make_result("b.b"))
            self.page(run)
            if number == 1:
                few = self.count_queries(PAGE, run.pk)
        self.assertEqual(self.count_queries(PAGE, run.pk), few)
        self.assertLess(few, 20)

    def test_the_run_page_reads_no_run_of_another_workload_whole(self):
        make_run(make_result())
        self.page(make_run(make_result()))  # the first of a process also reads the content type
        few = self.count_queries(PAGE, make_run(make_result()).pk)
        for _ in range(4):
            make_run(make_result(workload=(Chosen("sockets", 5, 1),)))
        self.assertEqual(self.count_queries(PAGE, make_run(make_result()).pk), few)


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


def strict_content_security_policy(get_response):
    def middleware(request):
        response = get_response(request)
        response["Content-Security-Policy"] = "default-src 'self'; img-src 'self' data:"
        return response

    return middleware


@tag("slow")
@unittest.skipUnless(CHROMIUM and find_spec("playwright"), "Needs playwright and chromium.")
@modify_settings(MIDDLEWARE={"prepend": f"{__name__}.strict_content_security_policy"})
class RunPageInBrowserTests(StaticLiveServerTestCase):
    def setUp(self):
        from playwright.sync_api import sync_playwright

        self.client.force_login(User.objects.create_superuser("root"))
        missed = Metric("p99", 120.0, "ms", "lower", Target("<", 100))
        fillers = [
            make_result(f"s.T.test_{n}", row=f"R{n}", metrics=(KEPT,) * 10) for n in range(40)
        ]
        make_run(*fillers)
        run = make_run(
            *fillers, make_result("s.T.test_bad", row="W7", metrics=(missed,)), measured_result()
        )
        self.url = self.live_server_url + reverse(PAGE, args=[run.pk])
        playwright = sync_playwright().start()
        self.addCleanup(playwright.stop)
        self.browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        self.addCleanup(self.browser.close)
        self.complaints = []

    def open(self, width, height, scheme):
        size = {"width": width, "height": height}
        context = self.browser.new_context(viewport=size, color_scheme=scheme)
        cookie = {"name": "sessionid", "value": self.client.cookies["sessionid"].value}
        context.add_cookies([{**cookie, "url": self.live_server_url}])
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.goto(self.url)
        return page

    def test_the_first_screen_names_the_fault_and_its_row_and_the_page_stays_short(self):
        for width, height in ((1280, 800), (390, 844)):
            for scheme in ("light", "dark"):
                page = self.open(width, height, scheme)
                fault = page.locator("section[aria-labelledby=missed] .perf-top").first
                self.assertEqual(fault.inner_text()[:17], "W7 p99 120 ms < 1")
                box = fault.bounding_box()
                self.assertLess(box["y"] + box["height"], height)
                self.assertLess(page.locator("#rows").bounding_box()["y"], height)
                self.assertEqual(page.evaluate("document.documentElement.scrollWidth"), width)
                tall = page.evaluate("document.documentElement.scrollHeight")
                self.assertLessEqual(tall, 3000)
        self.assertEqual([text for text in self.complaints if "404" not in text], [])

    def test_a_row_opens_by_keyboard_to_its_charts_and_passes_axe_in_both_themes(self):
        from axe_playwright_python.sync_playwright import Axe

        for scheme in ("light", "dark"):
            page = self.open(1280, 800, scheme)
            row = page.locator(".perf-result", has_text="N1")
            row.locator("summary").first.press("Enter")
            row.locator("figure polyline").first.wait_for(state="attached")
            self.assertTrue(row.locator("figure").first.is_visible())
            found = Axe().run(page, context=".perf-run")
            self.assertEqual(found.violations_count, 0, found.generate_report())
