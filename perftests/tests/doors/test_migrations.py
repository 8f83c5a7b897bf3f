"""Runs that an earlier version has stored, brought to the present tables and back."""

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import TransactionTestCase, tag

from perftests import store
from perftests.models import PerfRun
from perftests.records.results import FORMAT_VERSION, State
from perftests.records.targets import Metric, Target

BEFORE = "0002_metrics_go_by_sql"
AFTER = "0003_required_and_goal"

METRICS = (
    {
        "name": "rate",
        "value": 0.1 + 0.2,
        "unit": "/s",
        "better": "higher",
        "asked": "> 0.25",
        "asked_verdict": "pass",
        "ours": "> 1000",
        "ours_verdict": "fail",
    },
    {
        "name": "p99",
        "value": None,
        "unit": "ms",
        "asked": "< 50",
        "asked_verdict": "inconclusive",
        "doubt": "only 5 samples",
    },
    {"name": "users", "value": 5.0},
)


def migrate(name=None):
    """The models of that migration, or the newest, with the tables as it leaves them."""
    executor = MigrationExecutor(connection)
    [(_, newest)] = executor.loader.graph.leaf_nodes("perftests")
    name = name or newest
    executor.migrate([("perftests", name)])
    return executor.loader.project_state(("perftests", name)).apps.get_model


@tag("slow")
class RequiredAndGoalTests(TransactionTestCase):
    def setUp(self):
        self.addCleanup(migrate)
        model = migrate(BEFORE)
        self.run_pk = self.store_run(model, METRICS)
        self.other_pk = self.store_run(model, METRICS[:1])

    def store_run(self, model, metrics):
        run = model("perftests", "PerfRun").objects.create(
            state="finished", verdict="inconclusive", seconds=1.5
        )
        result = model("perftests", "PerfResult").objects.create(
            run=run,
            test="a.b.c",
            suite="sample",
            title="Speed",
            outcome="completed",
            verdict="inconclusive",
            seconds=1.0,
        )
        for metric in metrics:
            model("perftests", "PerfMetric").objects.create(result=result, **metric)
        return run.pk

    def test_a_stored_run_is_loaded_with_all_its_targets_and_verdicts(self):
        migrate()
        report = store.load(PerfRun.objects.get(pk=self.run_pk))
        [result] = report.results
        self.assertEqual((report.state, report.verdict), (State.FINISHED, "inconclusive"))
        self.assertEqual(
            result.metrics,
            (
                Metric("rate", 0.1 + 0.2, "/s", "higher", Target(">", 0.25), Target(">", 1000)),
                Metric("p99", None, "ms", required=Target("<", 50), doubt="only 5 samples"),
                Metric("users", 5.0),
            ),
        )

    def test_the_stored_verdicts_are_those_from_before(self):
        metrics = migrate(AFTER)("perftests", "PerfMetric").objects.filter(result__run=self.run_pk)
        self.assertEqual(
            list(metrics.order_by("pk").values_list("required_verdict", "goal_verdict")),
            [("pass", "fail"), ("inconclusive", ""), ("", "")],
        )

    def test_no_row_is_lost_and_every_run_is_of_the_present_format(self):
        model = migrate(AFTER)
        versions = model("perftests", "PerfRun").objects.order_by("pk")
        self.assertEqual(
            list(versions.values_list("pk", "format_version")),
            [(self.run_pk, FORMAT_VERSION), (self.other_pk, FORMAT_VERSION)],
        )
        self.assertEqual(model("perftests", "PerfResult").objects.count(), 2)
        self.assertEqual(model("perftests", "PerfMetric").objects.count(), len(METRICS) + 1)

    def test_the_migration_can_be_taken_back_without_losing_a_row(self):
        migrate(AFTER)
        model = migrate(BEFORE)
        metrics = model("perftests", "PerfMetric").objects.filter(result__run=self.run_pk)
        for metric, stored in zip(metrics.order_by("pk").values(), METRICS, strict=True):
            self.assertEqual(metric | stored, metric)
        versions = model("perftests", "PerfRun").objects.values_list("format_version", flat=True)
        self.assertEqual(set(versions), {1})
