"""What the pages cost when 1,000 runs of 300 metrics are stored."""

import sys
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from random import Random
from time import perf_counter

from django.contrib.auth.models import User
from django.db import connection
from django.test import TestCase, tag
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from perftests.models import PerfMetric, PerfResult, PerfRun

from ..sample_reports import ENVIRONMENT

RUNS, ROWS, METRICS_OF_A_ROW = 1_000, 30, 10
BATCH = 5_000
LIMIT_MS = 300
LIMIT_OF_SEVERAL_MS = 500
ROOT = {"is_staff": True, "is_superuser": True}


def store_runs():
    now = timezone.now()
    return PerfRun.objects.bulk_create(
        PerfRun(
            state="finished",
            verdict="pass",
            started_at=now - timedelta(hours=RUNS - number),
            parameters={"scale": "smoke", "server": "daphne"},
            environment=ENVIRONMENT,
        )
        for number in range(RUNS)
    )


def store_results(runs):
    fields = {"suite": "s", "title": "It", "outcome": "completed", "verdict": "pass", "seconds": 1}
    results = (
        PerfResult(run=run, test=f"s.T.test_{number}", row=f"R{number}", **fields)
        for run in runs
        for number in range(ROWS)
    )
    return PerfResult.objects.bulk_create(results, batch_size=BATCH)


def metrics(results) -> Iterator[PerfMetric]:
    random = Random(1)
    limit = {"required": "< 100", "required_verdict": "pass", "unit": "ms", "better": "lower"}
    for result in results:
        for number in range(METRICS_OF_A_ROW):
            yield PerfMetric(result=result, name=f"m{number}", value=1 + random.random(), **limit)


@tag("slow", "on_request")
class ManyRunsTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.runs = store_runs()
        left = metrics(store_results(cls.runs))
        while batch := list(islice(left, BATCH)):
            PerfMetric.objects.bulk_create(batch)
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")

    def cost(self, name, *args, **asked):
        """Queries, and the milliseconds of the fastest of five."""
        self.client.force_login(User.objects.get_or_create(username="root", **ROOT)[0])
        times = []
        for _ in range(5):
            begun = perf_counter()
            with CaptureQueriesContext(connection) as queries:
                response = self.client.get(reverse(name, args=args), asked)
            self.assertEqual(response.status_code, 200)
            times.append(1_000 * (perf_counter() - begun))
        sys.stdout.write(
            f"\n{connection.vendor}, {name}: {len(queries)} queries, {min(times):.0f} ms\n"
        )
        return len(queries), min(times)

    def test_the_list_of_runs_takes_fewer_than_15_queries_and_300_ms(self):
        queries, took = self.cost("admin:perftests_perfrun_changelist")
        self.assertLess(queries, 15)
        self.assertLess(took, LIMIT_MS)

    def test_the_page_of_a_run_takes_fewer_than_20_queries_and_300_ms(self):
        queries, took = self.cost("admin:perftests_perfrun_change", self.runs[-1].pk)
        self.assertLess(queries, 20)
        self.assertLess(took, LIMIT_MS)

    def test_five_runs_side_by_side_take_fewer_than_20_queries_and_500_ms(self):
        runs = [run.pk for run in self.runs[-5:]]
        queries, took = self.cost("admin:perftests_perfrun_compare", run=runs)
        self.assertLess(queries, 20)
        self.assertLess(took, LIMIT_OF_SEVERAL_MS)

    def test_the_trend_of_a_metric_takes_fewer_than_15_queries_and_500_ms(self):
        queries, took = self.cost("admin:perftests_perfrun_trend", test="s.T.test_7", metric="m3")
        self.assertLess(queries, 15)
        self.assertLess(took, LIMIT_OF_SEVERAL_MS)
