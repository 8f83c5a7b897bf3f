from django.test import Client, TestCase, override_settings
from django.urls import reverse

from perftests.models import PerfRun, PerfWish

from ..admin_pages import LIST, AdminMixin, make_result, make_run

PAGES = ["compare", "export", "trend", "live", "live_part"]


class PermissionTests(AdminMixin, TestCase):
    def setUp(self):
        super().setUp()
        self.run_ = make_run(make_result())

    def act(self, action):
        chosen = {"action": action, "_selected_action": [self.run_.pk], "post": "yes"}
        return self.client.post(reverse(LIST), chosen)

    def test_each_page_of_the_lab_answers_403_without_the_permission_to_view_runs(self):
        self.log_in_with()
        for name in PAGES:
            with self.subTest(name):
                url = reverse(f"admin:perftests_perfrun_{name}")
                self.assertEqual(self.client.get(url, {"run": self.run_.pk}).status_code, 403)

    def test_each_page_of_the_lab_asks_strangers_to_sign_in(self):
        self.client.logout()
        for name in PAGES:
            with self.subTest(name):
                url = reverse(f"admin:perftests_perfrun_{name}")
                self.assertRedirects(
                    self.client.get(url),
                    f"{reverse('admin:login')}?next={url}",
                    fetch_redirect_response=False,
                )

    @override_settings(PERFTESTS={"START_FROM_ADMIN": True})
    def test_the_pages_that_start_runs_answer_403_without_the_permission_for_that(self):
        self.log_in_with("view_perfrun", "change_perfrun", "delete_perfrun", "cancel_perfrun")
        for name in ("start", "start_part"):
            url = reverse(f"admin:perftests_perfrun_{name}")
            self.assertEqual(self.client.get(url).status_code, 403)
            self.assertEqual(self.client.post(url, {"scale": "smoke"}).status_code, 403)
        self.assertFalse(PerfWish.objects.exists())

    @override_settings(PERFTESTS={"START_FROM_ADMIN": False})
    def test_the_pages_that_start_runs_answer_403_to_all_where_the_site_does_not_allow_it(self):
        for name in ("start", "start_part"):
            url = reverse(f"admin:perftests_perfrun_{name}")
            self.assertEqual(self.client.get(url).status_code, 403)
            self.assertEqual(self.client.post(url, {"scale": "smoke"}).status_code, 403)
        self.assertNotContains(self.client.get(reverse(LIST)), "Start a run")

    def test_cancelling_answers_403_without_the_permission_for_that(self):
        wish = PerfWish.objects.create(asked_by="root")
        url = reverse("admin:perftests_perfrun_cancel")
        self.log_in_with("view_perfrun", "change_perfrun", "delete_perfrun", "start_perfrun")
        self.assertEqual(self.client.post(url, {"wish": wish.pk}).status_code, 403)
        self.log_in_with("cancel_perfrun", "view_perfrun")
        self.assertEqual(self.client.get(url).status_code, 405)
        self.assertRedirects(self.client.post(url, {"wish": wish.pk}), reverse(LIST))
        self.assertEqual(PerfWish.objects.get().state, "cancelled")

    def test_whoever_may_start_runs_need_not_be_able_to_see_them(self):
        self.log_in_with("start_perfrun")
        url = reverse("admin:perftests_perfrun_start_part")
        with override_settings(PERFTESTS={"START_FROM_ADMIN": True}):
            self.assertEqual(self.client.get(url).status_code, 200)

    def test_starting_and_cancelling_refuse_what_another_site_sends(self):
        client = Client(enforce_csrf_checks=True)
        client.force_login(self.superuser)
        with override_settings(PERFTESTS={"START_FROM_ADMIN": True}):
            for name in ("start", "cancel"):
                url = reverse(f"admin:perftests_perfrun_{name}")
                self.assertEqual(client.post(url, {"scale": "smoke"}).status_code, 403)
        self.assertFalse(PerfWish.objects.exists())

    def test_the_actions_of_viewers_answer_403_without_the_permission_to_view_runs(self):
        self.log_in_with()
        for action in ("compare", "export"):
            with self.subTest(action):
                self.assertEqual(self.act(action).status_code, 403)

    def test_pinning_answers_403_without_the_permission_to_change_runs(self):
        self.log_in_with("view_perfrun", "delete_perfrun")
        for action in ("pin", "unpin"):
            self.assertEqual(self.act(action).status_code, 403)
        self.log_in_with("view_perfrun", "change_perfrun")
        self.assertEqual(self.act("pin").status_code, 302)
        self.assertTrue(PerfRun.objects.get().pinned)

    def test_deleting_answers_403_without_the_permission_to_delete_runs(self):
        self.log_in_with("view_perfrun", "change_perfrun")
        self.assertEqual(self.act("delete_selected").status_code, 403)
        self.assertTrue(PerfRun.objects.exists())
        self.log_in_with("view_perfrun", "delete_perfrun")
        self.assertEqual(self.act("delete_selected").status_code, 302)
        self.assertFalse(PerfRun.objects.exists())
