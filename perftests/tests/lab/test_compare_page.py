from django.test import TestCase
from django.urls import reverse

from perftests import store
from perftests.models import PerfRun
from perftests.records.targets import Metric
from perftests.tests.compare.test_reporting import QUERY, reported

from ..admin_pages import LIST, AdminMixin, make_result, make_run, measured_result
from ..sample_reports import ENVIRONMENT

COMPARE = "admin:perftests_perfrun_compare"


def run_with(*metrics, **fields):
    return make_run(make_result(metrics=metrics, **fields))


class ComparePageTests(AdminMixin, TestCase):
    def compared(self, *runs, **query):
        return self.get(COMPARE, run=[run.pk for run in runs], **query)

    def test_effects_are_sorted_by_how_far_they_are_from_1(self):
        names = {"near": 1.0, "far": 3.0, "down": 0.5}
        runs = [
            run_with(*(Metric(name, 10.0 * factor**power, "ms") for name, factor in names.items()))
            for power in (0, 1)
        ]
        lines = self.compared(*runs).context["lines"]
        self.assertEqual([line.name for line in lines], ["far", "down", "near"])
        said = [line.shown[0].told for line in lines]
        self.assertEqual(said, ["higher", "lower", "can't tell"])

    def test_the_interval_of_a_ratio_is_drawn_and_told(self):
        runs = [run_with(Metric("p99", v, "ms", low=v - 1, high=v + 1)) for v in (10.0, 20.0)]
        response = self.compared(*runs)
        self.assertContains(response, "2.00 × (1.79 to 2.25) <b>higher</b>")
        self.assertContains(response, '<circle class="line1"')

    def test_of_different_machines_nobody_can_tell_and_that_stands_first(self):
        runs = [run_with(Metric("p99", value, "ms")) for value in (10.0, 30.0)]
        PerfRun.objects.filter(pk=runs[1].pk).update(environment={**ENVIRONMENT, "cpu": "<Other>"})
        response = self.compared(*runs)
        self.assertEqual(response.context["conditions"][0].name, "CPU")
        self.assertContains(response, "&lt;Other&gt;")
        self.assertContains(response, "No conclusion from times")
        self.assertContains(response, "3.00 × <b>can&#x27;t tell</b>")

    def test_counts_that_changed_are_told_apart_from_what_was_measured(self):
        runs = [run_with(Metric("queries", value, "queries", "exact")) for value in (2, 3)]
        response = self.compared(*runs)
        self.assertContains(response, "<strong>N1</strong> queries: 1 more")
        self.assertEqual(response.context["lines"], [])

    def test_percentile_curves_lie_over_each_other_for_the_test_that_is_asked_for(self):
        latency = measured_result()
        second = make_result("s.T.test_other", row="N2", histograms=latency.histograms)
        runs = [make_run(latency, second) for _ in range(2)]
        response = self.compared(*runs, test="s.T.test_other")
        curves = response.context["curves"]
        self.assertEqual(curves.drawn.row, "N2")
        names = [line.name for line in curves.charts[0].lines]
        self.assertEqual(names, [f"run {run.pk}" for run in runs])
        self.assertContains(response, f"test={latency.test}#curves")

    def test_a_test_that_no_run_has_is_not_drawn_and_breaks_nothing(self):
        runs = [make_run(measured_result()) for _ in range(2)]
        self.assertEqual(self.compared(*runs, test="<b>").context["curves"].drawn.row, "N1")

    def test_the_action_leads_to_the_page(self):
        runs = [run_with(Metric("p99", 1.0, "ms")) for _ in range(2)]
        chosen = {"action": "compare", "_selected_action": [run.pk for run in runs]}
        response = self.client.post(reverse(LIST), chosen, follow=True)
        self.assertContains(response, "Runs side by side")

    def test_runs_that_cannot_be_compared_lead_back_to_the_list_that_says_why(self):
        runs = [make_run() for _ in range(6)]
        versions = make_run(against="main")
        PerfRun.objects.filter(pk=runs[5].pk).update(format_version=1)
        for chosen, why in (
            ([], "Choose 1 to 5 runs."),
            (runs, "Choose 1 to 5 runs."),
            (runs[:1], "Choose two runs or more"),
            ([runs[0], versions], "is looked at alone"),
            (runs[4:], f"Run {runs[5].pk} has format version 1"),
        ):
            with self.subTest(why):
                asked = {"run": [run.pk for run in chosen]}
                response = self.client.get(reverse(COMPARE), asked, follow=True)
                self.assertRedirects(response, reverse(LIST))
                self.assertContains(response, why)

    def test_the_largest_changes_are_shown_and_the_others_on_request(self):
        runs = [run_with(*(Metric(f"m{n}", 1.0, "ms") for n in range(25))) for _ in range(2)]
        response = self.compared(*runs)
        self.assertEqual(len(response.context["lines"]), 20)
        self.assertContains(response, "Show 5 more that changed less")
        self.assertEqual(len(self.compared(*runs, all=1).context["lines"]), 25)

    def test_the_queries_do_not_grow_with_the_metrics_or_other_stored_runs(self):
        few = [run_with(Metric("p99", 1.0, "ms")) for _ in range(2)]
        many = [run_with(*(Metric(f"m{n}", 1.0, "ms") for n in range(50))) for _ in range(2)]
        self.compared(*few)  # the first of a process also reads the content type
        with self.assertNumQueries(7):
            self.compared(*few)
        with self.assertNumQueries(7):
            self.compared(*many)


class PairedPageTests(AdminMixin, TestCase):
    def paired(self, **options):
        return self.get(COMPARE, run=store.keep(reported(**options)).pk)

    def test_a_ratio_of_pairs_is_drawn_with_what_is_said_of_it(self):
        response = self.paired(push=1.2)
        self.assertContains(response, "<b>slower, 14 pairs</b>")
        [line] = response.context["lines"]
        self.assertGreater(line.shown[0].mark.low, response.context["forest"].middle)

    def test_a_ratio_near_1_that_tells_nothing_is_told_as_such(self):
        [line] = self.paired(push=0.994).context["lines"]
        self.assertIn(line.shown[0].told, ("same, 14 pairs", "can't tell, 14 pairs"))

    def test_counts_that_differ_stand_under_the_ratios(self):
        self.assertContains(self.paired(counted=[QUERY]), "notify: 3 → 4 statements")
