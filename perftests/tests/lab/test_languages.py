from django.test import SimpleTestCase
from django.urls import reverse
from django.utils.translation import override

from perftests.reports.exports.page import render
from perftests.templatetags.perfruns import badge

from ..admin_pages import LIST, PAGE, AdminTestCase, make_result, make_run
from ..sample_reports import MISSED, PASSED, report


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


class WordTests(SimpleTestCase):
    def test_a_badge_says_its_word_in_the_language_of_the_reader_and_keeps_its_colour(self):
        with override("he"):
            self.assertEqual(badge("pass"), '<span class="perf-badge perf-pass">עברה</span>')

    def test_an_exported_report_is_in_english_wherever_it_is_written(self):
        text = render(report(PASSED, MISSED))
        with override("de"):
            self.assertEqual(render(report(PASSED, MISSED)), text)
