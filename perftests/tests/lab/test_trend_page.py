from datetime import timedelta

from django.test import TestCase
from django.utils import timezone

from perftests.models import PerfRun
from perftests.records.targets import Metric
from perftests.records.workload import Chosen

from ..admin_pages import LIST, PAGE, AdminMixin, make_result, make_run
from ..sample_reports import ENVIRONMENT

TREND = "admin:perftests_perfrun_trend"
TEST = "suites.Tests.test_delivery"
P99 = {"test": TEST, "metric": "p99"}


class TrendPageTests(AdminMixin, TestCase):
    def setUp(self):
        super().setUp()
        self.begun = timezone.now() - timedelta(days=1)

    def measure(self, *values, environment=None, **fields):
        """A run of each value, one after the other."""
        for value in values:
            metric = Metric("p99", value, "ms", "lower", low=value - 0.5, high=value + 0.5)
            run = make_run(make_result(TEST, metrics=(metric,), **fields))
            self.begun += timedelta(minutes=1)
            ran_on = environment or ENVIRONMENT
            PerfRun.objects.filter(pk=run.pk).update(started_at=self.begun, environment=ran_on)
        return run

    def drawn(self, **query):
        return self.get(TREND, **query).context["drawn"]

    def test_each_point_leads_to_its_run(self):
        run = self.measure(10.0, 11.0)
        response = self.get(TREND, **P99)
        self.assertContains(response, f'<a href="/admin/perftests/perfrun/{run.pk}/change/" aria')
        self.assertContains(response, f"run {run.pk}: 11 ms")

    def test_a_change_of_level_is_told_with_the_run_that_began_it(self):
        self.measure(10.0, 10.1, 9.9, 10.0)
        first = self.measure(20.0)
        self.measure(20.1, 19.9, 20.0)
        [drawn] = self.drawn(**P99)
        [(run, told)] = drawn.steps
        self.assertEqual((run, told), (first, "worse: from 10 ms to 20 ms"))
        self.assertEqual(drawn.rows[3].happened, told)
        self.assertEqual(drawn.rows[0].value, "20 ms (19.5 to 20.5)")

    def test_machines_and_workloads_are_drawn_apart(self):
        self.measure(10.0, 10.0)
        self.measure(99.0, environment={**ENVIRONMENT, "cpu": "Another one"})
        self.measure(50.0, workload=(Chosen("sockets", 5, 1),))
        newest_first = [each.trend.values for each in self.drawn(**P99)]
        self.assertEqual(newest_first, [[50.0], [99.0], [10.0, 10.0]])

    def test_a_release_is_marked_at_its_first_run(self):
        for tag in ("v1", "v1", "", "v2"):
            git = {"commit": "f" * 40, "dirty": False, "branch": "main", "tag": tag}
            self.measure(10.0, environment={**ENVIRONMENT, "git": git})
        [drawn] = self.drawn(**P99)
        self.assertEqual([row.happened for row in reversed(drawn.rows)], ["v1", "", "", "v2"])

    def test_without_a_wish_the_usual_headline_of_the_first_row_is_drawn(self):
        make_run(
            make_result("b.b", row="W1"),
            make_result("a.a", row="N1"),
        )
        context = self.get(TREND).context
        self.assertEqual((context["test"], context["name"]), ("a.a", "p99"))
        self.assertEqual(context["names"], ["p99", "rate"])

    def test_a_test_or_a_metric_that_nobody_has_measured_draws_nothing(self):
        self.measure(10.0)
        for query in ({"test": "<script>"}, {"test": "a\0b"}, {**P99, "metric": "<b>\0"}):
            response = self.get(TREND, **query)
            self.assertContains(response, "No stored run has measured that.")
            self.assertNotContains(response, "<script>a")

    def test_comparisons_of_two_versions_are_in_no_trend(self):
        make_run(make_result(TEST), against="main")
        self.assertEqual(self.drawn(test=TEST), [])

    def test_the_list_and_the_page_of_a_run_lead_to_trends(self):
        run = self.measure(10.0)
        self.assertContains(self.get(LIST), 'href="/admin/perftests/perfrun/trend/"')
        self.assertContains(self.get(PAGE, run.pk), f"trend/?test={TEST}&amp;metric=p99")

    def test_the_queries_do_not_grow_with_the_runs(self):
        self.measure(10.0)
        self.drawn(**P99)  # the first of a process also reads the content type
        with self.assertNumQueries(7):
            self.drawn(**P99)
        self.measure(*(float(value) for value in range(10, 20)))
        with self.assertNumQueries(7):
            self.drawn(**P99)
