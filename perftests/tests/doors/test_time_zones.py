"""Times of runs where a site, or its database, keeps them in a zone of its own."""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from django.test import TestCase, override_settings
from django.urls import reverse

from perftests import store
from perftests.models import PerfRun
from perftests.records.live import Live
from perftests.records.results import State
from perftests.watch.judging import judge

from ..admin_pages import LIST, AdminMixin, make_result, make_run
from ..watch.samples import SLOW, result_of, watched
from .perf_command import perf

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
NOON_IN_TOKYO = datetime(2026, 7, 1, 21)


@override_settings(USE_TZ=False, TIME_ZONE="Asia/Tokyo")
class WithoutTimeZonesTests(AdminMixin, TestCase):
    def setUp(self):
        super().setUp()
        self.run_ = make_run(make_result())
        self.run_.started_at = NOON_IN_TOKYO
        self.run_.save()

    def test_the_lists_of_runs_and_alerts_open_where_a_site_has_no_time_zones(self):
        self.assertContains(self.get(LIST), "07/01/2026 9 p.m.")
        judge(watched(result_of(SLOW)))
        self.get("admin:perftests_perfalert_changelist")

    def test_a_run_that_died_says_when_it_was_heard_of_last_where_a_site_has_no_time_zones(self):
        dead = make_run(state=State.RUNNING)
        PerfRun.objects.filter(pk=dead.pk).update(heard_at=NOON_IN_TOKYO)
        store.tell(dead, Live())
        page = self.client.get(reverse("admin:perftests_perfrun_change", args=[dead.pk]))
        self.assertContains(page, "There is no sign of life after 07/01/2026 9 p.m.")

    def test_the_history_tells_local_times_where_a_site_has_no_time_zones(self):
        self.assertIn("2026-07-01 21:00", perf("history"))

    def test_a_report_tells_utc_where_a_site_has_no_time_zones(self):
        self.assertEqual(store.load(self.run_).started_at, NOON.isoformat())
        self.assertIn("2026-07-01 12:00:00 UTC", perf("show", str(self.run_.pk)))

    def test_a_report_that_a_site_without_time_zones_has_exported_can_be_imported_there(self):
        path = Path(self.enterContext(TemporaryDirectory()), "run.json")
        perf("show", str(self.run_.pk), output=path)
        perf("import", str(path))
        self.assertEqual(PerfRun.objects.latest("pk").started_at, NOON_IN_TOKYO)


class ZoneOfTheDatabaseTests(TestCase):
    def test_a_report_tells_utc_whatever_zone_its_database_answers_in(self):
        run = make_run(make_result())
        run.started_at = datetime.fromisoformat("2026-07-01T21:00:00+09:00")
        self.assertEqual(store.load(run).started_at, NOON.isoformat())
