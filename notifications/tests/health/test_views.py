from unittest import mock

from django.conf import settings
from django.contrib.auth.models import Permission
from django.test import TestCase, TransactionTestCase, override_settings

from notifications.health import probes, views
from notifications.models import Delivery, Notification

from ..databases import without_table
from ..listening import broken_layer
from ..logs import silence
from ..users import make_user

TOKEN = "a-token-of-16-characters"
URLS = "notifications.tests.health.urls"
REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"


@override_settings(ROOT_URLCONF=URLS)
class ReadyTests(TestCase):
    def setUp(self):
        silence(self, views.__name__)

    def test_a_process_is_live_whatever_else_is_broken(self):
        with mock.patch.object(probes, "database_problem", return_value="away"):
            self.assertEqual(self.client.get("/health/live/").json(), {"live": True})

    @override_settings(MIDDLEWARE=[*settings.MIDDLEWARE, REQUIRED])
    def test_probes_need_not_sign_in_on_a_site_where_all_others_have_to(self):
        for path, status in (("live", 200), ("ready", 200), ("metrics", 404)):
            self.assertEqual(self.client.get(f"/health/{path}/").status_code, status)

    def test_a_process_that_can_serve_is_ready(self):
        answer = self.client.get("/health/ready/")
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(
            answer.json(),
            {"ready": True, "database": True, "layer": True, "hub": True, "lag_seconds": 0.0},
        )
        self.assertIn("no-store", answer["Cache-Control"])

    def test_a_process_without_its_database_is_not_ready_and_tells_strangers_no_reason(self):
        with mock.patch.object(probes, "database_problem", return_value="password"):
            answer = self.client.get("/health/ready/")
        self.assertEqual((answer.status_code, answer.json()["database"]), (503, False))
        self.assertNotContains(answer, "password", status_code=503)

    def test_a_process_whose_event_loop_is_stuck_is_not_ready(self):
        with mock.patch.object(probes, "lag_seconds", return_value=2.0):
            answer = self.client.get("/health/ready/")
        self.assertEqual((answer.status_code, answer.json()["hub"]), (503, False))

    @broken_layer
    def test_a_process_without_its_layer_says_so_and_stays_ready(self):
        answer = self.client.get("/health/ready/")
        self.assertEqual((answer.status_code, answer.json()["layer"]), (200, False))

    def test_health_is_not_asked_for_by_a_post(self):
        for name in ("live", "ready", "metrics"):
            self.assertEqual(self.client.post(f"/health/{name}/").status_code, 405)


@override_settings(ROOT_URLCONF=URLS)
class ReadyLogTests(TransactionTestCase):
    def test_the_log_says_once_why_a_process_is_not_ready_and_when_that_is_over(self):
        with self.assertLogs(views.__name__) as logs:
            self.client.get("/health/ready/")  # whatever was before
            with without_table(Notification):
                for _ in range(2):
                    self.client.get("/health/ready/")
            self.client.get("/health/ready/")
        away, well = logs.output[-2:]
        self.assertIn(Notification._meta.db_table, away)
        self.assertIn("works again, failures: 2", well)


@override_settings(ROOT_URLCONF=URLS, NOTIFICATIONS={"METRICS_TOKEN": TOKEN})
class MetricsWithoutDatabaseTests(TransactionTestCase):
    def test_the_numbers_of_a_process_can_be_read_while_its_database_does_not_answer(self):
        with without_table(Delivery):
            answer = self.client.get(
                "/health/metrics/", headers={"Authorization": f"Bearer {TOKEN}"}
            )
        self.assertContains(answer, "notifications_acks_total")
        self.assertNotContains(answer, "notifications_queued")


@override_settings(ROOT_URLCONF=URLS, NOTIFICATIONS={"METRICS_TOKEN": TOKEN})
class MetricsAccessTests(TestCase):
    def get(self, token=None):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.client.get("/health/metrics/", headers=headers)

    def test_metrics_are_for_who_has_the_token(self):
        self.assertContains(self.get(TOKEN), "notifications_sockets")
        for wrong in (None, "another", TOKEN[:-1]):
            refused = self.get(wrong)
            self.assertEqual(refused.status_code, 401)
            self.assertIn("Bearer", refused["WWW-Authenticate"])

    def test_metrics_are_for_who_may_see_deliveries(self):
        ada = make_user("ada")
        self.client.force_login(ada)
        self.assertEqual(self.get().status_code, 401)
        ada.user_permissions.add(Permission.objects.get(codename="view_delivery"))
        self.assertEqual(self.get().status_code, 200)

    def test_a_site_without_a_token_has_no_metrics_for_strangers(self):
        with override_settings(NOTIFICATIONS={}):
            self.assertEqual(self.get(TOKEN).status_code, 404)
