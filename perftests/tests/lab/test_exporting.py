import json
from io import BytesIO
from zipfile import ZipFile

from django.test import TestCase
from django.urls import reverse

from perftests.reports.exports.formats import FORMATS

from ..admin_pages import LIST, AdminMixin, make_result, make_run

EXPORT = "admin:perftests_perfrun_export"


class ExportTests(AdminMixin, TestCase):
    def test_one_run_is_exported_as_one_file_in_each_format_of_the_reports(self):
        run = make_run(make_result())
        for kind, render in FORMATS.items():
            with self.subTest(kind):
                response = self.get(EXPORT, run=run.pk, format=kind)
                self.assertRegex(response["Content-Disposition"], rf'="run-{run.pk}\.[a-z.-]+"$')
                self.assertEqual(response.content.decode()[:20], render(self.report(run))[:20])

    def test_several_runs_are_exported_together_in_one_archive(self):
        runs = [make_run(make_result()), make_run(make_result())]
        response = self.get(EXPORT, run=[run.pk for run in runs], format="json")
        with ZipFile(BytesIO(response.content)) as archive:
            self.assertEqual(archive.namelist(), [f"run-{run.pk}.json" for run in runs])
            self.assertEqual(json.loads(archive.read(archive.namelist()[1]))["run"], runs[1].pk)

    def test_the_action_leads_to_a_page_that_offers_the_formats(self):
        run = make_run(make_result(), label="<b>nightly")
        chosen = {"action": "export", "_selected_action": [run.pk]}
        response = self.client.post(reverse(LIST), chosen, follow=True)
        self.assertContains(response, f'href="?run={run.pk}&amp;format=openmetrics"')
        self.assertContains(response, "&lt;b&gt;nightly")

    def test_a_bad_wish_leads_back_to_the_list_and_says_why(self):
        run = make_run()
        for asked, why in (
            ({}, "Choose 1 to 50 runs."),
            ({"run": list(range(51))}, "Choose 1 to 50 runs."),
            ({"run": run.pk + 1}, "One of these runs is not stored"),
            ({"run": "9" * 30}, "One of these runs is not stored"),
            ({"run": "x"}, "One of these runs is not stored"),
            ({"run": run.pk, "format": "exe"}, "Choose one of these formats: json, html"),
        ):
            with self.subTest(asked):
                response = self.client.get(reverse(EXPORT), asked, follow=True)
                self.assertRedirects(response, reverse(LIST))
                self.assertContains(response, why)

    def test_a_file_is_downloaded_and_never_shown_as_a_page_of_the_site(self):
        run = make_run(make_result(title="<script>alert(1)</script>"))
        response = self.get(EXPORT, run=run.pk, format="html")
        self.assertEqual(response["Content-Type"], "application/octet-stream")
        self.assertTrue(response["Content-Disposition"].startswith("attachment"))
