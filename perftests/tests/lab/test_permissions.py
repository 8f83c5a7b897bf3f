from django.test import TestCase
from django.urls import reverse

from perftests.models import PerfRun

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
