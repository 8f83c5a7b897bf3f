import functools
import json
import re
import shutil
import unittest
from datetime import timedelta
from importlib.util import find_spec

from django.contrib.auth.models import Permission, User
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.testing import StaticLiveServerTestCase
from django.db import connection
from django.test import TransactionTestCase, modify_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from perftests import store
from perftests.measure.environment import describe
from perftests.measure.histogram import LatencyHistogram
from perftests.measure.results import Outcome, Result, Series, State
from perftests.measure.targets import Metric, Target
from perftests.models import SILENCE_LIMIT, PerfMetric, PerfResult, PerfRun

LIST = "admin:perftests_perfrun_changelist"
PAGE = "admin:perftests_perfrun_change"
DELETE = "admin:perftests_perfrun_delete"
ADD = "admin:perftests_perfrun_add"
CHROMIUM = shutil.which("chromium")

environment = functools.cache(describe)


def make_result(test="suites.Tests.test_delivery", **fields):
    defaults = {
        "suite": "notification",
        "row": "N1",
        "title": "High-volume delivery",
        "outcome": Outcome.COMPLETED,
        "seconds": 1.5,
        "metrics": (
            Metric("rate", 2500.0, "notifications/s", "higher", Target(">", 100)),
            Metric("p99", 12.3, "ms", "lower", Target("<", 100), Target("<", 10)),
            Metric("memory", None, "kB", asked=Target("<", 32), doubt="The server <died>."),
        ),
    }
    return Result(test, **{**defaults, **fields})


def measured_result():
    """A result with everything that is drawn."""
    latencies = LatencyHistogram.from_nanoseconds(range(1_000_000, 2_000_000, 1_000))
    cpu = Series("server cpu", "%", (0.0, 1.0, 2.0), (10.0, 50.0, 20.0))
    rss = Series("server rss", "MB", (0.0, 1.0, 2.0), (90.0, 91.0, 92.0))
    return make_result(series=(cpu, rss), histograms={"delivery": latencies.encode()})


def make_run(*results, label="nightly", scale="smoke", server="daphne", state=State.FINISHED):
    run = store.start(label, {"scale": scale, "server": server}, environment())
    for result in results:
        store.add(run, result)
    if state is not State.RUNNING:
        store.finish(run, state, 134.0)
    return run


class AdminTestCase(TransactionTestCase):
    def setUp(self):
        self.superuser = User.objects.create_superuser("root")
        self.client.force_login(self.superuser)

    def log_in_with(self, *codenames):
        """Become a member of staff with these permissions alone."""
        user = User.objects.create_user("staff", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        self.client.force_login(user)

    def get(self, name, *args, **query):
        response = self.client.get(reverse(name, args=args), query)
        self.assertEqual(response.status_code, 200)
        return response

    def listed(self, **query):
        return list(self.get(LIST, **query).context["cl"].queryset)

    def count_queries(self, name, *args):
        with CaptureQueriesContext(connection) as queries:
            self.get(name, *args)
        return len(queries)


class ListTests(AdminTestCase):
    def test_it_shows_what_each_run_came_to(self):
        passing = make_result(metrics=())
        failing = make_result(outcome=Outcome.FAILED)
        skipped = make_result(outcome=Outcome.SKIPPED)
        make_run(passing, passing, failing, make_result(), skipped)
        response = self.get(LIST)
        self.assertContains(response, '<span class="perf-badge perf-fail">fail</span>')
        self.assertContains(response, "2 passed, 1 failed, 1 inconclusive, 1 skipped")
        self.assertContains(response, "134 s")

    def test_it_shows_what_each_run_ran_on(self):
        run = make_run()
        PerfRun.objects.update(commit="0123456789ab")
        response = self.get(LIST)
        self.assertContains(response, "<code>0123456789ab</code>")
        self.assertContains(response, f"smoke, daphne, {run.environment['cpu']}")

    def test_a_running_run_has_a_state_and_no_verdict(self):
        make_run(state=State.RUNNING)
        response = self.get(LIST)
        self.assertContains(response, '<span class="perf-badge perf-running">running</span>')
        self.assertNotContains(response, "perf-inconclusive")

    def test_a_run_that_lost_its_process_shows_as_aborted(self):
        make_run(state=State.RUNNING)
        PerfRun.objects.update(heard_at=timezone.now() - SILENCE_LIMIT - timedelta(seconds=1))
        response = self.get(LIST)
        self.assertContains(response, '<span class="perf-badge perf-aborted">aborted</span>')
        self.assertNotContains(response, "perf-running")

    def test_it_says_when_there_are_no_runs(self):
        self.assertContains(self.get(LIST), "0 runs")

    def test_it_filters_by_verdict_state_scale_and_server(self):
        passed = make_run(make_result(metrics=()), scale="smoke", server="daphne")
        aborted = make_run(scale="extended", server="uvicorn", state=State.ABORTED)
        self.assertEqual(self.listed(verdict__exact="pass"), [passed])
        self.assertEqual(self.listed(state__exact="aborted"), [aborted])
        self.assertEqual(self.listed(scale="smoke"), [passed])
        self.assertEqual(self.listed(server="uvicorn"), [aborted])
        self.assertEqual(self.listed(scale="standard"), [])

    def test_it_offers_the_scales_that_occur(self):
        make_run(scale="smoke")
        make_run(scale="extended")
        response = self.get(LIST)
        self.assertContains(response, "?scale=extended")
        self.assertNotContains(response, "?scale=standard")

    def test_it_searches_label_commit_and_test(self):
        run = make_run(make_result("suites.A.test_storm"), label="before the upgrade")
        PerfRun.objects.update(commit="cafe")
        make_run(make_result("suites.A.test_calm"), label="other")
        for text in ("upgrade", "cafe", "test_storm"):
            self.assertEqual(self.listed(q=text), [run])
        self.assertEqual(self.listed(q="nothing like it"), [])

    def test_a_search_by_test_does_not_change_the_counts(self):
        results = [make_result(f"suites.A.test_storm_{i}", metrics=()) for i in range(3)]
        make_run(*results)
        self.assertContains(self.get(LIST, q="test_storm"), "3 passed")

    def test_it_takes_a_constant_number_of_queries(self):
        make_run(make_result())
        before = self.count_queries(LIST)
        for _ in range(5):
            make_run(make_result(), make_result())
        self.assertEqual(self.count_queries(LIST), before)

    def test_a_label_is_text_and_not_html(self):
        make_run(label="<script>alert(1)</script>")
        response = self.get(LIST)
        self.assertContains(response, "&lt;script&gt;alert(1)")
        self.assertNotContains(response, "<script>alert(1)")


class PageTests(AdminTestCase):
    def page(self, run):
        return self.get(PAGE, run.pk)

    def figure(self, response, name):
        pattern = rf'<script id="{name}" type="application/json">(.*?)</script>'
        return json.loads(re.search(pattern, response.content.decode(), re.DOTALL)[1])

    def test_it_shows_every_metric_of_every_result(self):
        names = [f"metric number {i}" for i in range(40)]
        results = [
            make_result(f"suites.A.test_{i}", metrics=(Metric(name, 1.0, "ms"),))
            for i, name in enumerate(names)
        ]
        response = self.page(make_run(*results))
        for name in names:
            self.assertContains(response, name)

    def test_it_shows_value_targets_verdicts_and_doubt(self):
        response = self.page(make_run(make_result()))
        passed = '<span class="perf-badge perf-pass">pass</span>'
        failed = '<span class="perf-badge perf-fail">fail</span>'
        for html in (
            '<td class="perf-value">12.3 ms</td>',
            f'<td data-label="Asked">&lt; 100 ms {passed}</td>',
            f'<td data-label="Ours">&lt; 10 ms {failed}</td>',
            '<span class="perf-doubt">The server &lt;died&gt;.</span>',
        ):
            self.assertContains(response, html, html=True)

    def test_it_groups_the_results_by_suite(self):
        run = make_run(
            make_result("a.a", suite="memory"),
            make_result("b.b", suite="websocket"),
            make_result("c.c", suite="memory"),
        )
        suites = self.page(run).context["suites"]
        tests = {suite: [result.test for result in results] for suite, results in suites.items()}
        self.assertEqual(tests, {"memory": ["a.a", "c.c"], "websocket": ["b.b"]})

    def test_it_shows_why_a_test_failed(self):
        detail = "AssertionError: 3 notifications are missing from <Inbox>"
        run = make_run(make_result(outcome=Outcome.FAILED, detail=detail))
        self.assertContains(self.page(run), "3 notifications are missing from &lt;Inbox&gt;")

    def test_it_says_which_tests_were_skipped_and_which_broke(self):
        run = make_run(
            make_result(outcome=Outcome.SKIPPED, detail="Needs PostgreSQL.", metrics=()),
            make_result(outcome=Outcome.ERROR, detail="OSError"),
        )
        response = self.page(run)
        self.assertContains(response, '<span class="perf-badge perf-skipped">skipped</span>')
        self.assertContains(response, "Needs PostgreSQL.")
        self.assertContains(response, "ended in an error")

    def test_it_shows_the_notes(self):
        run = make_run(make_result(notes=("Sent on <one> connection.",)))
        self.assertContains(self.page(run), "<li>Sent on &lt;one&gt; connection.</li>")

    def test_it_shows_parameters_and_environment(self):
        run = make_run()
        response = self.page(run)
        self.assertContains(response, "<dt>server</dt><dd>daphne</dd>")
        self.assertContains(response, f"<dd>{run.environment['kernel']}</dd>")
        self.assertContains(response, f"django {run.environment['packages']['django']}")

    def test_it_draws_latencies_and_resources(self):
        response = self.page(make_run(measured_result()))
        lines = [line["name"] for line in self.figure(response, "latency-figure")["data"]]
        self.assertEqual(lines, ["N1 delivery"])
        lines = [line["name"] for line in self.figure(response, "resource-figure")["data"]]
        self.assertEqual(lines, ["server cpu", "server rss"])

    def test_it_says_in_words_what_was_not_recorded(self):
        response = self.page(make_run(make_result()))
        self.assertContains(response, "No latencies were recorded")
        self.assertContains(response, "CPU and memory were not recorded")
        self.assertNotContains(response, "plotly")

    def test_it_says_that_a_run_has_no_results_yet(self):
        response = self.page(make_run(state=State.RUNNING))
        self.assertContains(response, "No test has ended yet")
        self.assertContains(response, "These are the results so far")

    def test_it_says_that_a_test_measured_nothing(self):
        response = self.page(make_run(make_result(metrics=())))
        self.assertContains(response, "This test measured nothing.")

    def test_it_takes_a_constant_number_of_queries(self):
        run = make_run(make_result())
        self.page(run)  # the first of a process also reads the content type
        few = self.count_queries(PAGE, run.pk)
        many = self.count_queries(PAGE, make_run(*[make_result()] * 10).pk)
        self.assertEqual(many, few)

    def test_what_was_measured_is_text_and_not_html(self):
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

    def test_no_script_stands_in_the_page(self):
        html = self.page(make_run(measured_result())).content.decode()
        scripts = re.findall(r"<script[^>]*>", html)
        inline = [tag for tag in scripts if "src=" not in tag and "application/json" not in tag]
        self.assertEqual(inline, [])
        self.assertNotRegex(html, r'\son\w+="')

    def test_its_scripts_are_there_without_a_copy_in_the_project(self):
        self.assertIn("plotly/package_data", finders.find("plotly/plotly.min.js"))
        self.assertContains(self.page(make_run(measured_result())), "plotly/plotly.min.js")


class PermissionTests(AdminTestCase):
    def test_a_measured_number_can_not_be_edited(self):
        run = make_run(make_result(), label="as measured")
        url = reverse(PAGE, args=[run.pk])
        response = self.client.post(url, {"label": "better", "verdict": "pass"})
        self.assertEqual(response.status_code, 403)
        run.refresh_from_db()
        self.assertEqual(run.label, "as measured")
        self.assertNotContains(self.get(PAGE, run.pk), '<input type="submit"')

    def test_a_run_can_not_be_added(self):
        self.assertEqual(self.client.get(reverse(ADD)).status_code, 403)
        self.assertEqual(self.client.post(reverse(ADD), {"label": "x"}).status_code, 403)
        self.assertFalse(PerfRun.objects.exists())

    def test_it_is_closed_to_the_public_and_to_staff_without_permission(self):
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

    def test_permission_to_change_changes_nothing(self):
        run = make_run()
        self.log_in_with("view_perfrun", "change_perfrun")
        url = reverse(PAGE, args=[run.pk])
        self.assertEqual(self.client.post(url, {"label": "better"}).status_code, 403)

    def test_a_viewer_can_look_and_not_delete(self):
        run = make_run(make_result())
        self.log_in_with("view_perfrun")
        self.assertNotContains(self.get(PAGE, run.pk), "Delete this run")
        url = reverse(DELETE, args=[run.pk])
        self.assertEqual(self.client.post(url, {"post": "yes"}).status_code, 403)
        self.client.post(
            reverse(LIST), {"action": "delete_selected", "_selected_action": run.pk, "post": "yes"}
        )
        self.assertTrue(PerfRun.objects.exists())

    def test_a_run_is_deleted_whole(self):
        kept = make_run(make_result())
        run = make_run(make_result(), make_result())
        self.assertContains(self.get(PAGE, run.pk), "Delete this run")
        self.client.post(reverse(DELETE, args=[run.pk]), {"post": "yes"})
        self.assertEqual(PerfRun.objects.get(), kept)
        self.assertEqual((PerfResult.objects.count(), PerfMetric.objects.count()), (1, 3))

    def test_before_deleting_it_names_the_runs_and_counts_the_rest(self):
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
        response["Content-Security-Policy"] = (
            "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
        )
        return response

    return middleware


@unittest.skipUnless(CHROMIUM and find_spec("playwright"), "Needs playwright and chromium.")
@modify_settings(MIDDLEWARE={"prepend": f"{__name__}.strict_content_security_policy"})
class BrowserTests(StaticLiveServerTestCase):
    def test_charts_are_drawn_under_a_strict_policy_in_the_dark_and_on_a_phone(self):
        from playwright.sync_api import sync_playwright

        self.client.force_login(User.objects.create_superuser("root"))
        session = {"name": "sessionid", "value": self.client.cookies["sessionid"].value}
        url = self.live_server_url + reverse(PAGE, args=[make_run(measured_result()).pk])
        complaints = []
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport={"width": 390, "height": 800}, color_scheme="dark")
            page.context.add_cookies([{**session, "url": self.live_server_url}])
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda message: complaints.append(message.text))
            page.goto(url)
            page.locator("[data-figure=latency-figure] .scatterlayer .trace").first.wait_for()
            page.locator("[data-figure=resource-figure] .scatterlayer .trace").first.wait_for()
            traces = page.locator(".perf-chart .scatterlayer .trace").count()
            colour = page.locator(".perf-chart .gtitle").first.evaluate(
                "title => getComputedStyle(title).fill"
            )
            width = page.evaluate("() => document.documentElement.scrollWidth")
            browser.close()
        self.assertEqual(traces, 3)
        self.assertEqual(width, 390)
        self.assertEqual(colour, "rgb(238, 238, 238)")
        self.assertEqual([text for text in complaints if "404" not in text], [])
