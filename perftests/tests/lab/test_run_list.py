from django.test import SimpleTestCase, TestCase, override_settings

from perftests.lab import showing
from perftests.lab.run_list import listed
from perftests.models import PerfRun
from perftests.records.targets import Metric
from perftests.records.workload import Chosen

from ..admin_pages import make_result, make_run
from ..sample_reports import ENVIRONMENT

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def run_with(p99, **fields):
    counted = Metric("missing", 0.0, "", "exact")
    return make_run(make_result(metrics=(counted, Metric("p99", p99, "ms", "lower")), **fields))


class ListedTests(TestCase):
    def test_a_line_goes_through_the_runs_that_are_alike_up_to_each_run(self):
        runs = [run_with(value) for value in (1.0, 3.0, 2.0)]
        run_with(99.0, workload=(Chosen("sockets", 5, 1),))
        found = listed([*reversed(runs)])
        self.assertEqual(found[runs[0].pk].sparks, [])
        [middle], [last] = found[runs[1].pk].sparks, found[runs[2].pk].sparks
        self.assertEqual((middle.runs, last.runs), (2, 3))
        self.assertEqual((last.row, last.name), ("N1", "p99"))
        self.assertEqual(last.points, "2.0,18.0 50.0,2.0 98.0,10.0")

    def test_runs_of_another_machine_are_in_lines_of_their_own(self):
        runs = [run_with(1.0), run_with(2.0)]
        PerfRun.objects.filter(pk=runs[0].pk).update(environment={**ENVIRONMENT, "cpu": "Other"})
        found = listed(list(PerfRun.objects.all()))
        self.assertEqual(found[runs[1].pk].sparks, [])

    def test_a_count_is_not_drawn(self):
        for _ in range(2):
            run = make_run(make_result(metrics=(Metric("missing", 0.0, "", "exact"),)))
        self.assertEqual(listed(list(PerfRun.objects.all()))[run.pk].sparks, [])

    def test_the_suites_of_a_run_are_in_the_order_in_which_they_ran(self):
        run = make_run(*(make_result(f"s.T.{s}", suite=s) for s in ("b", "a", "b")))
        self.assertEqual(listed([run])[run.pk].suites, ["b", "a"])

    def test_the_queries_do_not_grow_with_the_runs(self):
        runs = [run_with(float(value)) for value in range(1, 12)]
        with self.assertNumQueries(3):
            listed(runs)

    def test_a_run_that_compares_two_versions_is_in_no_line(self):
        make_run(make_result(), against="main")
        run = make_run(make_result(), against="main")
        self.assertEqual(listed(list(PerfRun.objects.all()))[run.pk].sparks, [])


@override_settings(PERFTESTS={"REPOSITORY_URL": "https://example.org/code"})
class CodeTests(SimpleTestCase):
    def code(self, **git):
        return showing.code(PerfRun(commit=git["commit"][:12], environment={"git": git}))

    def test_a_commit_leads_to_the_page_of_the_repository(self):
        shown = self.code(commit=COMMIT, dirty=True, branch="main", tag="v1")
        self.assertIn(f'<a href="https://example.org/code/commit/{COMMIT}">', shown)
        self.assertIn("<code>0123456</code>", shown)
        self.assertIn("<small>v1, main, with changes</small>", shown)

    @override_settings(PERFTESTS={})
    def test_without_a_repository_a_commit_is_no_link(self):
        self.assertNotIn("href", self.code(commit=COMMIT, dirty=False))

    def test_a_text_that_is_no_commit_is_shown_as_text_and_never_as_a_link(self):
        for commit in ("<script>alert(1)", "../../x", "", 'a"onclick="x'):
            with self.subTest(commit):
                shown = self.code(commit=commit, dirty=False, branch="<b>")
                self.assertNotIn("href", shown)
                self.assertNotIn("<script", shown)
                self.assertIn("&lt;b&gt;", shown)
