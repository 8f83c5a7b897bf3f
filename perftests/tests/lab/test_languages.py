from django.test import SimpleTestCase
from django.urls import reverse
from django.utils.translation import override

from perftests import store
from perftests.records.targets import Metric
from perftests.reports.exports.page import render
from perftests.templatetags.perfruns import badge
from perftests.tests.compare.test_reporting import reported

from ..admin_pages import LIST, PAGE, AdminTestCase, make_result, make_run
from ..sample_reports import MISSED, PASSED, report

COMPARE = "admin:perftests_perfrun_compare"


class AdminLanguageTests(AdminTestCase):
    def assert_says(self, url, *words):
        with override("de"):
            page = self.client.get(url)
        for word in words:
            self.assertContains(page, word)

    def test_the_list_of_runs_speaks_german(self):
        make_run(make_result())
        url = reverse(LIST)
        self.assert_says(url, "Leistungsmessungen", "Urteil", "1 unentschieden", "Nach Bezeichnung")

    def test_the_page_of_a_run_speaks_german(self):
        run = make_run(make_result())
        url = reverse(PAGE, args=[run.pk])
        self.assert_says(url, f"Lauf {run.pk}", "0 von 1 Tests bestanden", "Jede Zeile, die schl")

    def test_runs_side_by_side_speak_german(self):
        runs = [make_run(make_result(metrics=(Metric("p99", v, "ms"),))) for v in (1.0, 1.05)]
        url = f"{reverse(COMPARE)}?run={runs[0].pk}&run={runs[1].pk}"
        self.assert_says(url, "<b>nicht zu sagen</b>", "ist Rauschen und nicht Code")

    def test_two_versions_in_pairs_speak_german(self):
        url = f"{reverse(COMPARE)}?run={store.keep(reported(push=1.2)).pk}"
        self.assert_says(url, "<b>langsamer, 14 pairs</b>")


class WordTests(SimpleTestCase):
    def test_a_badge_says_its_word_in_the_language_of_the_reader_and_keeps_its_colour(self):
        with override("he"):
            self.assertEqual(badge("pass"), '<span class="perf-badge perf-pass">עברה</span>')

    def test_an_exported_report_is_in_english_wherever_it_is_written(self):
        text = render(report(PASSED, MISSED))
        with override("de"):
            self.assertEqual(render(report(PASSED, MISSED)), text)
