import re

from django.contrib import admin
from django.test import TestCase, override_settings
from django.urls import path, reverse

from perftests.models import PerfAlert, PerfRun
from perftests.watch.judging import judge

from ..admin_pages import LIST, AdminMixin, make_run, measured_result
from ..watch.samples import SLOW, result_of, watched
from ..watch.test_alert_list import ALERTS

office = admin.AdminSite(name="office")
for model in (PerfRun, PerfAlert):
    office.register(model, type(admin.site.get_model_admin(model)))

urlpatterns = [path("office/", office.urls), path("admin/", admin.site.urls)]

LIVE = "admin:perftests_perfrun_live"


@override_settings(ROOT_URLCONF=__name__)
class SecondAdminTests(AdminMixin, TestCase):
    """A site with two admins, of which the second has the lab, too."""

    def office(self, name, **query):
        return self.client.get(reverse(name, current_app="office"), query)

    def assert_leads_to_no_other(self, page):
        links = re.findall(r'(?:href|action)="(/[^"]*)"', page.content.decode())
        pages = [link for link in links if not link.startswith("/static/") and link != "/"]
        self.assertTrue(pages)
        self.assertEqual([link for link in pages if not link.startswith("/office/")], [])

    def test_lists_lead_to_pages_of_their_own_admin(self):
        judge(watched(result_of(SLOW)))
        self.assert_leads_to_no_other(self.office(ALERTS))
        self.assert_leads_to_no_other(self.office(LIST))

    def test_a_run_that_was_followed_until_it_ended_has_its_page_in_the_same_admin(self):
        run = make_run(measured_result())
        ended = self.office(LIVE, run=run.pk)
        self.assertRedirects(ended, f"/office/perftests/perfrun/{run.pk}/change/")
