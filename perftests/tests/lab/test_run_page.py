import re

from perftests import store
from perftests.models import PerfRun
from perftests.records.results import Outcome, State
from perftests.records.targets import Metric, Target
from perftests.records.workload import Chosen

from ..admin_pages import KEPT, PAGE, AdminTestCase, make_result, make_run, measured_result
from ..sample_reports import ENVIRONMENT


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
        self.assertIn("<strong>N1</strong> <span>p99:</span> <span>120 ms,</span>", top)
        self.assertIn("<strong>W3</strong> <span>rate:</span>", top)
        self.assertIn("The &lt;client&gt; was busy.", top)

    def test_the_top_of_the_run_page_says_what_changed_since_the_run_before(self):
        before = make_run(make_result(metrics=(Metric("p99", 10.0, "ms"),)))
        run = make_run(make_result(metrics=(Metric("p99", 13.0, "ms"),)))
        top = self.page(run).content.decode().partition('id="rows"')[0]
        self.assertIn(f"Changed since run {before.pk}", top)
        self.assertIn("<strong>N1</strong> p99: 1.30 ×", top)

    def test_each_test_of_a_row_has_its_own_change_on_the_run_page(self):
        for values in ((10.0, 10.0), (13.0, 20.0)):
            results = [
                make_result(name, metrics=(Metric("p99", value, "ms", goal=Target("<", 99)),))
                for name, value in zip(("a.a", "b.b"), values, strict=True)
            ]
            run = make_run(*results)
        lines = self.page(run).context["lines"]
        changes = {line.result.test: line.change for line in lines}
        self.assertEqual(changes, {"a.a": "1.30 ×", "b.b": "2.00 ×"})

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
