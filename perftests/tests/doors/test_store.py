from datetime import timedelta
from unittest import mock

from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import TransactionTestCase, tag
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from perftests import store
from perftests.measure.series import Series
from perftests.models import SILENCE_LIMIT, PerfMetric, PerfResult, PerfRun
from perftests.records.results import Outcome, Result, State
from perftests.records.targets import Metric, Target, Verdict
from perftests.records.workload import Chosen


def make_result(test="suites.test_x.X.test_a", *, row="N1", value=250.0, **fields):
    """A result with everything that a result can carry."""
    defaults = {
        "suite": "notification",
        "title": "High-volume delivery",
        "outcome": Outcome.COMPLETED,
        "seconds": 1.5,
        "metrics": (
            Metric("rate", value, "notifications/s", "higher", Target(">", 100), Target(">", 1000)),
            Metric("p99", 0.1 + 0.2, "ms", "lower", Target("<", 100), doubt="only 3 samples"),
            Metric("lost", None, "", "exact", goal=Target("==", 0), doubt="the server died"),
        ),
        "workload": (Chosen("sockets", 500, 1_000), Chosen("seconds", 1.5, 1.5)),
        "series": (Series("server cpu", "%", (0.0, 0.1, 0.2), (1.0, 50.5, 0.1 + 0.2)),),
        "histograms": {"delivery latency": "HISTFAAAAB"},
        "notes": ("First note.", "Second <b>note</b>."),
        "detail": "",
    }
    return Result(test=test, row=row, **{**defaults, **fields})


def passing(test="suites.test_x.X.test_b"):
    return make_result(test, metrics=(Metric("rate", 250.0, "/s", required=Target(">", 100)),))


def failing(test="suites.test_x.X.test_c"):
    return make_result(test, metrics=(Metric("rate", 50.0, "/s", required=Target(">", 100)),))


class StoreTests(TransactionTestCase):
    def start(self, **environment):
        return store.start("nightly", {"scale": "smoke"}, {"cores": 2, **environment})

    def test_a_run_is_stored_as_running_when_it_starts(self):
        run = self.start(git={"commit": "0123456789abcdef0123456789", "dirty": False})
        run.refresh_from_db()
        self.assertEqual((run.label, run.state), ("nightly", State.RUNNING))
        self.assertEqual((run.parameters, run.environment["cores"]), ({"scale": "smoke"}, 2))
        self.assertEqual(run.commit, "0123456789ab")

    def test_a_run_outside_a_checkout_is_stored_without_a_commit(self):
        self.assertEqual(self.start(git=None).commit, "")
        self.assertEqual(self.start().commit, "")

    def test_each_result_is_loaded_exactly_as_it_was_stored(self):
        run = self.start()
        results = (
            make_result(),
            make_result(workload=(Chosen("levels", (5, 10), (5, 10, 20)),)),
            make_result("b.b", outcome=Outcome.ERROR, detail="ValueError: <x>", row=""),
            Result("c.c", "memory", "M1", "Creation", Outcome.SKIPPED, 0.0),
        )
        for result in results:
            store.add(run, result)
        self.assertEqual(store.load(PerfRun.objects.get()).results, results)

    def test_numbers_of_any_size_and_precision_are_loaded_exactly(self):
        numbers = (0.1 + 0.2, 5e-324, 1e22, -1e300, 1.7976931348623157e308, 123456789012345680.0)
        result = make_result(
            seconds=0.1 + 0.2,
            series=(Series("s", "", numbers, numbers),),
            metrics=tuple(
                Metric(f"m{number}", number, required=Target("<", number)) for number in numbers
            ),
        )
        run = self.start()
        store.add(run, result)
        self.assertEqual(store.load(run).results, (result,))

    def test_a_stored_run_is_loaded_with_its_label_state_and_duration(self):
        run = self.start()
        store.finish(run, State.FINISHED, 12.5)
        report = store.load(PerfRun.objects.get())
        self.assertEqual((report.run, report.label, report.seconds), (run.pk, "nightly", 12.5))
        self.assertEqual((report.state, report.environment), (State.FINISHED, {"cores": 2}))
        self.assertEqual(report.started_at, run.started_at.isoformat())

    def test_verdicts_are_stored_beside_the_numbers(self):
        store.add(self.start(), make_result())
        verdicts = PerfMetric.objects.values_list("required_verdict", "goal_verdict")
        self.assertEqual(
            list(verdicts), [("pass", "fail"), ("inconclusive", ""), ("", "inconclusive")]
        )
        self.assertEqual(PerfResult.objects.get().verdict, Verdict.INCONCLUSIVE)

    def test_a_result_that_cannot_be_stored_whole_is_stored_as_an_error_that_says_why(self):
        run = self.start()
        too_much = Metric("n", 10.0, "%", required=Target("<", 50))
        with connection.cursor() as cursor:
            cursor.execute("CREATE UNIQUE INDEX one_name ON perftests_perfmetric (name)")
        self.addCleanup(self.drop_index)
        store.add(run, make_result(metrics=(too_much, too_much)))
        (result,) = store.load(run).results
        self.assertEqual((result.outcome, result.metrics), (Outcome.ERROR, ()))
        self.assertIn("It could not be stored", result.detail)
        self.assertIn("('n', 10.0)", result.detail)

    def test_a_result_that_only_one_database_would_take_fails_on_every_database(self):
        for fields in (
            {"test": "t" * 300},
            {"suite": "a\0b"},
            {"suite": "s" * 65},
            {"row": "r" * 17},
            {"title": "a\ud800b"},
            {"metrics": (Metric("n" * 300, 1.0, "ms"),)},
            {"metrics": (Metric("n\0", 1.0, "ms"),)},
            {"metrics": (Metric("n", 1.0, "u" * 65),)},
            {"metrics": (Metric("n", float("nan"), "ms"),)},
            {"series": (Series("cpu", "%", (0.0,), (float("inf"),)),)},
            {"histograms": {"a\0b": "HIST"}},
            {"notes": ("a\0b", "a\ud800b")},
        ):
            with self.subTest(fields):
                run = self.start()
                store.add(run, make_result(**fields))
                (result,) = store.load(run).results
                self.assertIs(result.verdict, Verdict.FAIL)
                self.assertIn("It cannot be stored", result.detail)

    def test_a_failure_is_stored_whatever_characters_its_text_holds(self):
        run = self.start()
        store.add(run, make_result(outcome=Outcome.FAILED, detail="a\0b\ud800" + "x" * 10_000_000))
        (result,) = store.load(run).results
        self.assertTrue(result.detail.startswith("a\\x00b\\ud800xxx"))
        self.assertEqual(len(result.metrics), 3)

    @tag("slow")
    def test_thousands_of_metrics_of_one_result_are_stored(self):
        run = self.start()
        many = tuple(Metric(f"m{number}", float(number), "") for number in range(5_000))
        store.add(run, make_result(metrics=many))
        self.assertEqual(store.load(run).results[0].metrics, many)

    def drop_index(self):
        with connection.cursor() as cursor:
            cursor.execute("DROP INDEX one_name")

    def test_all_metrics_of_a_result_are_stored_with_one_insert(self):
        run = self.start()
        counts = []
        for metrics in (2, 50):
            many = tuple(Metric(f"m{i}", 1.0, "") for i in range(metrics))
            with CaptureQueriesContext(connection) as queries:
                store.add(run, make_result(metrics=many))
            counts.append(sum("INSERT" in query["sql"] for query in queries))
        self.assertEqual(counts, [2, 2])

    def test_a_run_is_loaded_with_a_constant_number_of_queries(self):
        run = self.start()
        for number in range(5):
            store.add(run, make_result(f"t.t{number}"))
        with self.assertNumQueries(2):
            store.load(run)

    def test_a_finished_run_takes_the_worst_verdict_of_its_results(self):
        for results, verdict in (
            ([passing()], Verdict.PASS),
            ([passing(), make_result()], Verdict.INCONCLUSIVE),
            ([passing(), make_result(), failing()], Verdict.FAIL),
        ):
            run = self.start()
            for result in results:
                store.add(run, result)
            store.finish(run, State.FINISHED, 1.0)
            run.refresh_from_db()
            self.assertEqual(run.verdict, verdict)

    def test_an_aborted_run_never_passes(self):
        run = self.start()
        store.add(run, passing())
        store.finish(run, State.ABORTED, 1.0)
        run.refresh_from_db()
        self.assertEqual((run.state, run.verdict), (State.ABORTED, Verdict.INCONCLUSIVE))

    def test_starting_a_run_closes_one_that_lost_its_process(self):
        lost = self.start()
        store.add(lost, failing())
        started = timezone.now() - SILENCE_LIMIT - timedelta(minutes=2)
        PerfRun.objects.update(started_at=started, heard_at=started + timedelta(seconds=90))
        live = self.start()
        lost.refresh_from_db()
        live.refresh_from_db()
        self.assertEqual((lost.state, lost.verdict), (State.ABORTED, Verdict.FAIL))
        self.assertEqual(lost.seconds, 90)
        self.assertEqual(live.state, State.RUNNING)

    def test_each_stored_result_shows_that_the_run_is_alive(self):
        run = self.start()
        PerfRun.objects.update(heard_at=timezone.now() - SILENCE_LIMIT - timedelta(seconds=1))
        store.add(run, passing())
        self.assertFalse(PerfRun.objects.lost().exists())

    def test_recent_runs_come_newest_first_with_their_counts(self):
        runs = [self.start() for _ in range(3)]
        skipped = make_result("s.s", outcome=Outcome.SKIPPED, metrics=())
        for result in (passing(), failing(), failing(), make_result(), skipped):
            store.add(runs[2], result)
        newest, older = store.recent(2)
        self.assertEqual([newest, older], [runs[2], runs[1]])
        counts = [(r.passed, r.failed, r.undecided, r.skipped) for r in (newest, older)]
        self.assertEqual(counts, [(1, 2, 1, 1), (0, 0, 0, 0)])


class PrepareTests(TransactionTestCase):
    def migrated(self):
        with mock.patch("perftests.store.call_command") as called:
            store.prepare()
        return called.call_args.args

    def test_of_a_database_that_is_in_use_the_tables_of_the_lab_alone_are_migrated(self):
        self.assertEqual(self.migrated(), ("migrate", "perftests"))

    def test_an_empty_database_is_migrated_as_a_whole(self):
        with mock.patch.object(MigrationRecorder, "applied_migrations", return_value={}):
            self.assertEqual(self.migrated(), ("migrate",))
