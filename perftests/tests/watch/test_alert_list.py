from unittest import mock

from django.test import TestCase
from django.urls import reverse

from perftests.models import PerfAlert
from perftests.watch.judging import judge
from perftests.watch.subscribers import is_subscribed, subscribers

from ..admin_pages import LIST, AdminMixin
from .samples import QUICK, SLOW, result_of, watched

ALERTS = "admin:perftests_perfalert_changelist"
SUBSCRIPTION = "admin:perftests_perfalert_subscription"
OTHER = "suites.Tests.test_other"


class AlertListTests(AdminMixin, TestCase):
    def setUp(self):
        super().setUp()
        for results in (
            (result_of(SLOW), result_of(SLOW, test=OTHER)),
            (result_of(QUICK),),
        ):
            self.run_ = watched(*results)
            judge(self.run_)

    def states(self, **query):
        page = self.get(ALERTS, **query)
        return [alert.closed_by is None for alert in page.context["cl"].result_list]

    def test_the_list_says_what_is_wrong_with_what_is_open_first(self):
        page = self.get(ALERTS)
        self.assertContains(page, "N1 p99 misses its required target: 120 ms", count=2)
        self.assertContains(page, f"/admin/perftests/perfrun/{self.run_.pk}/change/")
        self.assertEqual(self.states(), [True, False])

    def test_a_list_without_alerts_says_what_finds_some(self):
        PerfAlert.objects.all().delete()
        self.assertContains(self.get(ALERTS), "<code>python manage.py perf watch</code>", html=True)

    def test_the_list_can_be_had_of_the_open_and_of_those_that_are_over(self):
        self.assertEqual(self.states(state="open"), [True])
        self.assertEqual(self.states(state="over"), [False])

    def test_the_list_asks_no_more_of_the_database_for_more_alerts(self):
        before = self.count_queries(ALERTS)
        for number in range(20):
            judge(watched(result_of(SLOW, test=f"s.T.test_{number}")))
        self.assertEqual(self.count_queries(ALERTS), before)

    def test_the_page_of_an_alert_says_where_it_was_measured(self):
        alert = PerfAlert.objects.first()
        page = self.get("admin:perftests_perfalert_change", alert.pk)
        self.assertContains(page, "smoke, daphne, sqlite")

    def test_names_in_an_alert_are_text(self):
        judge(watched(result_of(SLOW, test="s.T.test_odd", row="<b>1</b>")))
        self.assertContains(self.get(ALERTS), "&lt;b&gt;1&lt;/b&gt; p99")

    def test_the_list_of_runs_leads_to_the_alerts(self):
        self.assertContains(self.get(LIST), f'href="{reverse(ALERTS)}"')

    def test_the_list_and_its_buttons_speak_german(self):
        self.client.cookies["django_language"] = "de"
        with self.settings(LANGUAGE_CODE="de"):
            page = self.get(ALERTS)
        self.assertContains(page, "verfehlt das verlangte Ziel")


class SubscriptionTests(AdminMixin, TestCase):
    def post(self, wanted):
        return self.client.post(reverse(SUBSCRIPTION), {"wanted": wanted})

    def test_a_viewer_of_runs_subscribes_and_ends_it_by_a_button(self):
        self.log_in_with("view_perfrun")
        self.assertContains(self.get(ALERTS), "Tell me of alerts")
        self.assertRedirects(self.post("yes"), reverse(ALERTS))
        self.assertContains(self.get(ALERTS), "Tell me no more")
        self.assertRedirects(self.post("no"), reverse(ALERTS))
        self.assertContains(self.get(ALERTS), "Tell me of alerts")

    def test_whoever_may_pin_runs_and_so_sees_them_sees_alerts_and_subscribes(self):
        self.log_in_with("change_perfrun")
        self.assertContains(self.get(LIST), reverse(ALERTS))
        self.assertRedirects(self.post("yes"), reverse(ALERTS))
        self.assertEqual([str(user) for user in subscribers()], ["staff"])

    def test_nobody_subscribes_another_user(self):
        self.log_in_with("view_perfrun")
        self.client.post(reverse(SUBSCRIPTION), {"wanted": "yes", "user": self.superuser.pk})
        self.assertFalse(is_subscribed(self.superuser))

    def test_without_the_permission_to_view_runs_alerts_and_subscription_answer_403(self):
        self.log_in_with("view_perfalert")
        self.assertEqual(self.client.get(reverse(ALERTS)).status_code, 403)
        self.assertEqual(self.post("yes").status_code, 403)

    def test_strangers_are_asked_to_sign_in(self):
        self.client.logout()
        self.assertIn("/login/", self.post("yes").url)

    def test_a_link_subscribes_nobody(self):
        self.assertEqual(self.client.get(reverse(SUBSCRIPTION)).status_code, 405)

    def test_there_is_no_button_where_nobody_could_be_told(self):
        with mock.patch("perftests.watch.alert_list.can_be_told", return_value=False):
            self.assertNotContains(self.get(ALERTS), "Tell me of alerts")

    def test_alerts_are_deleted_by_who_may_delete_them_alone(self):
        judge(watched(result_of(SLOW)))
        url = reverse("admin:perftests_perfalert_delete", args=[PerfAlert.objects.get().pk])
        self.log_in_with("view_perfrun")
        self.assertEqual(self.client.post(url, {"post": "yes"}).status_code, 403)
        self.log_in_with("view_perfrun", "delete_perfalert")
        self.assertEqual(self.client.post(url, {"post": "yes"}).status_code, 302)
        self.assertFalse(PerfAlert.objects.exists())
