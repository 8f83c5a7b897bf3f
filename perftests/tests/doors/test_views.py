from dataclasses import replace
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from django.test import LiveServerTestCase, TransactionTestCase, override_settings, tag
from django.urls import reverse
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus

from perftests import store
from perftests.models import PerfRun
from perftests.records.results import State
from perftests.reports.exports.formats import FORMATS

from ..sample_reports import MISSED, PASSED, report

TOKEN = "0123456789abcdef"
SCRAPE = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1"
"""What Prometheus sends."""


def values(families):
    return {
        (sample.name, sample.labels.get("metric")): sample.value
        for family in families
        for sample in family.samples
    }


@override_settings(PERFTESTS={"METRICS_TOKEN": TOKEN})
class MetricsEndpointTests(TransactionTestCase):
    url = reverse("perf_metrics")

    def get(self, authorization=f"Bearer {TOKEN}", accept=SCRAPE, method="get"):
        headers = {"Authorization": authorization, "Accept": accept}
        return getattr(self.client, method)(self.url, headers=headers)

    def test_the_endpoint_gives_a_scraper_the_latest_finished_run_as_openmetrics(self):
        store.keep(report(MISSED))
        newest = store.keep(report(PASSED))
        response = self.get()
        self.assertTrue(response["Content-Type"].startswith("application/openmetrics-text;"))
        found = values(openmetrics(response.text))
        self.assertEqual(found["perf_metric", "rate"], 1500)
        self.assertNotIn(("perf_metric", "missing"), found)
        self.assertEqual(response.text, FORMATS["openmetrics"](store.load(newest)))

    def test_the_endpoint_gives_the_text_of_prometheus_to_who_does_not_ask_for_openmetrics(self):
        store.keep(report(PASSED))
        for accept in ("", "*/*", "text/html", "text/plain;version=0.0.4"):
            with self.subTest(accept):
                response = self.get(accept=accept)
                self.assertTrue(response["Content-Type"].startswith("text/plain; version=0.0.4"))
                self.assertEqual(values(prometheus(response.text))["perf_metric", "rate"], 1500)

    def test_a_run_that_goes_on_or_was_cut_short_is_not_the_latest_at_the_endpoint(self):
        store.keep(report(PASSED))
        store.start("", {}, {})
        store.keep(report(MISSED, state=State.ABORTED))
        self.assertIn(("perf_metric", "rate"), values(openmetrics(self.get().text)))

    def test_a_comparison_of_two_versions_is_not_the_latest_run_at_the_endpoint(self):
        store.keep(report(PASSED))
        store.keep(replace(report(MISSED), parameters={"against": "main", "server": "daphne"}))
        self.assertIn(("perf_metric", "rate"), values(openmetrics(self.get().text)))

    def test_the_endpoint_has_no_samples_before_the_first_run_so_that_the_target_is_up(self):
        response = self.get()
        self.assertEqual((response.status_code, response.text), (200, "# EOF\n"))
        self.assertEqual(list(openmetrics(response.text)), [])

    def test_the_endpoint_is_not_there_while_no_token_is_set(self):
        for configured in ({}, {"METRICS_TOKEN": ""}):
            with self.subTest(configured), override_settings(PERFTESTS=configured):
                self.assertEqual(self.get().status_code, 404)
                self.assertEqual(self.get("Bearer ").status_code, 404)

    def test_the_endpoint_refuses_who_does_not_have_the_token(self):
        store.keep(report(PASSED))
        for authorization in (
            "",
            "Bearer",
            "Bearer ",
            f"Bearer {TOKEN[:-1]}",
            f"Bearer {TOKEN}0",
            f"Bearer {TOKEN} {TOKEN}",
            f"Basic {TOKEN}",
            TOKEN,
            "Bearer é",
        ):
            with self.subTest(authorization):
                response = self.get(authorization)
                self.assertEqual((response.status_code, response.content), (401, b""))
                self.assertEqual(response["WWW-Authenticate"], 'Bearer realm="perf"')

    def test_the_endpoint_takes_the_scheme_of_the_token_in_any_case(self):
        self.assertEqual(self.get(f"bearer {TOKEN}").status_code, 200)

    def test_the_endpoint_is_only_read(self):
        self.assertEqual(self.get(method="head").status_code, 200)
        for method in ("post", "put", "delete"):
            with self.subTest(method):
                self.assertEqual(self.get(method=method).status_code, 405)

    def test_no_cache_keeps_what_the_endpoint_gives_to_the_holder_of_the_token(self):
        self.assertIn("no-store", self.get()["Cache-Control"])

    def test_the_endpoint_asks_the_database_nothing_before_it_knows_the_token(self):
        with self.assertNumQueries(0):
            self.get("Bearer wrong")


@tag("slow")
@override_settings(PERFTESTS={"METRICS_TOKEN": TOKEN})
class LiveMetricsEndpointTests(LiveServerTestCase):
    def scrape(self, token):
        headers = {"Authorization": f"Bearer {token}", "Accept": SCRAPE}
        url = self.live_server_url + reverse("perf_metrics")
        with urlopen(Request(url, headers=headers), timeout=10) as response:
            return response.read().decode()

    def test_a_scraper_reads_the_latest_run_from_a_live_server(self):
        store.keep(report(PASSED))
        found = values(openmetrics(self.scrape(TOKEN)))
        self.assertEqual(found["perf_run_duration_seconds", None], 192)

    def test_a_live_server_refuses_a_scraper_without_the_token(self):
        with self.assertRaises(HTTPError) as refused:
            self.scrape("wrong")
        self.assertEqual(refused.exception.code, 401)
        self.assertFalse(PerfRun.objects.exists())
