from django.test import TestCase
from django.urls import reverse

from perftests.models import PerfRun

from ..admin_pages import LIST, AdminMixin, make_result, make_run
from ..sample_reports import ENVIRONMENT

OTHER = {
    **ENVIRONMENT,
    "cpu": "Another one",
    "database": {"vendor": "postgresql", "version": "16"},
    "git": {"commit": "f" * 40, "dirty": False, "branch": "feature/bell", "tag": ""},
}


class FilterTests(AdminMixin, TestCase):
    def setUp(self):
        super().setUp()
        self.plain = make_run(make_result())
        self.other = make_run(make_result(suite="memory"))
        PerfRun.objects.filter(pk=self.other.pk).update(environment=OTHER)

    def test_runs_are_filtered_by_suite_branch_database_and_machine(self):
        for query in (
            {"suite": "memory"},
            {"branch": "feature/bell"},
            {"database": "postgresql"},
            {"machine": "Another one"},
        ):
            with self.subTest(query):
                self.assertEqual(self.listed(**query), [self.other])

    def test_a_filter_offers_what_occurs_and_reads_it_once_for_all_filters(self):
        response = self.get(LIST)
        for offered in ("?branch=feature%2Fbell", "?suite=memory", "?machine=A+processor"):
            self.assertContains(response, offered)
        with self.assertNumQueries(self.count_queries(LIST)):
            self.get(LIST, branch="feature/bell")

    def test_a_value_that_no_database_stores_finds_nothing(self):
        for name in ("branch", "suite", "scale"):
            with self.subTest(name):
                self.assertEqual(self.listed(**{name: "a\0b"}), [])

    def test_environments_that_say_nothing_or_nonsense_break_no_filter(self):
        PerfRun.objects.filter(pk=self.plain.pk).update(environment={"cpu": 5, "git": None})
        PerfRun.objects.filter(pk=self.other.pk).update(environment={})
        self.assertEqual(self.client.get(reverse(LIST)).status_code, 200)
