from datetime import timedelta

from django.db import DatabaseError, connection
from django.test import TransactionTestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from perftests import store
from perftests.measure.results import Outcome, Result, Series, State
from perftests.measure.targets import Metric, Target, Verdict
from perftests.models import SILENCE_LIMIT, PerfMetric, PerfResult, PerfRun


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
            Metric("lost", None, "", "exact", ours=Target("==", 0), doubt="the server died"),
        ),
        "series": (Series("server cpu", "%", (0.0, 0.1, 0.2), (1.0, 50.5, 0.1 + 0.2)),),
        "histograms": {"delivery latency": "HISTFAAAAB"},
        "notes": ("First note.", "Second <b>note</b>."),
        "detail": "",
    }
    return Result(test=test, row=row, **{**defaults, **fields})


def passing(test="suites.test_x.X.test_b"):
    return make_result(test, metrics=(Metric("rate", 250.0, "/s", asked=Target(">", 100)),))


def failing(test="suites.test_x.X.test_c"):
    return make_result(test, metrics=(Metric("rate", 50.0, "/s", asked=Target(">", 100)),))


class StoreTests(TransactionTestCase):
    def start(self, **environment):
        return store.start("nightly", {"scale": "smoke"}, {"cores": 2, **environment})

    def test_it_stores_a_run_that_is_running(self):
        run = self.start(git={"commit": "0123456789abcdef0123456789", "dirty": False})
        run.refresh_from_db()
        self.assertEqual((run.label, run.state), ("nightly", State.RUNNING))
        self.assertEqual((run.parameters, run.environment["cores"]), ({"scale": "smoke"}, 2))
        self.assertEqual(run.commit, "0123456789ab")

    def test_it_stores_a_run_outside_a_checkout(self):
        self.assertEqual(self.start(git=None).commit, "")
        self.assertEqual(self.start().commit, "")

    def test_it_loads_each_result_exactly_as_it_was_given(self):
        run = self.start()
        results = (
            make_result(),
            make_result("b.b", outcome=Outcome.ERROR, detail="ValueError: <x>", row=""),
            Result("c.c", "memory", "M1", "Creation", Outcome.SKIPPED, 0.0),
        )
        for result in results:
            store.add(run, result)
        self.assertEqual(store.load(PerfRun.objects.get()).results, results)

    def test_it_loads_the_run_itself(self):
        run = self.start()
        store.finish(run, State.FINISHED, 12.5)
        report = store.load(PerfRun.objects.get())
        self.assertEqual((report.run, report.label, report.seconds), (run.pk, "nightly", 12.5))
        self.assertEqual((report.state, report.environment), (State.FINISHED, {"cores": 2}))
        self.assertEqual(report.started_at, run.started_at.isoformat())

    def test_it_stores_the_verdicts_beside_the_numbers(self):
        store.add(self.start(), make_result())
        verdicts = PerfMetric.objects.values_list("asked_verdict", "ours_verdict")
        self.assertEqual(
            list(verdicts), [("pass", "fail"), ("inconclusive", ""), ("", "inconclusive")]
        )
        self.assertEqual(PerfResult.objects.get().verdict, Verdict.INCONCLUSIVE)

    def test_it_stores_a_result_whole_or_not_at_all(self):
        run = self.start()
        too_much = Metric("n", 10.0, "%", asked=Target("<", 5))
        with connection.cursor() as cursor:
            cursor.execute("CREATE UNIQUE INDEX one_name ON perftests_perfmetric (name)")
        self.addCleanup(self.drop_index)
        with self.assertRaises(DatabaseError):
            store.add(run, make_result(metrics=(too_much, too_much)))
        self.assertFalse(PerfResult.objects.exists())

    def drop_index(self):
        with connection.cursor() as cursor:
            cursor.execute("DROP INDEX one_name")

    def test_it_stores_a_result_with_one_insert_for_all_metrics(self):
        run = self.start()
        counts = []
        for metrics in (2, 50):
            many = tuple(Metric(f"m{i}", 1.0, "") for i in range(metrics))
            with CaptureQueriesContext(connection) as queries:
                store.add(run, make_result(metrics=many))
            counts.append(sum("INSERT" in query["sql"] for query in queries))
        self.assertEqual(counts, [2, 2])

    def test_it_loads_with_a_constant_number_of_queries(self):
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

    def test_recent_gives_the_newest_runs_with_their_counts(self):
        runs = [self.start() for _ in range(3)]
        skipped = make_result("s.s", outcome=Outcome.SKIPPED, metrics=())
        for result in (passing(), failing(), failing(), make_result(), skipped):
            store.add(runs[2], result)
        newest, older = store.recent(2)
        self.assertEqual([newest, older], [runs[2], runs[1]])
        counts = [(r.passed, r.failed, r.undecided, r.skipped) for r in (newest, older)]
        self.assertEqual(counts, [(1, 2, 1, 1), (0, 0, 0, 0)])
