"""A site with Django's middleware that leads everybody to sign in."""

from django.conf import settings
from django.test import Client, override_settings

from .case import FeedTestCase, bearer

REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"


@override_settings(MIDDLEWARE=[*settings.MIDDLEWARE, REQUIRED])
class LoginRequiredTests(FeedTestCase):
    def test_a_ticket_is_good_for_the_feed_on_a_site_that_leads_all_others_to_sign_in(self):
        app = bearer(self.alice)
        for path in ("", "counts/", "poll/", f"{self.ids[0]}/"):
            with self.subTest(path):
                self.assertEqual(app.get(f"/notifications/{path}").status_code, 200)
        answer = self.post("read-one", self.ids[0], client=app)
        self.assertEqual(answer.status_code, 200)

    def test_a_page_whose_session_has_ended_is_told_so_and_not_led_elsewhere(self):
        for path in ("", "counts/", "poll/"):
            with self.subTest(path):
                answer = Client().get(f"/notifications/{path}")
                self.assert_problem(answer, 401, "unauthenticated")

    def test_the_document_is_for_everybody_all_the_same(self):
        self.assertEqual(Client().get("/notifications/openapi.json").status_code, 200)

    def test_a_person_is_led_to_sign_in_and_back_to_the_inbox(self):
        answer = Client().get("/notifications/inbox/")
        self.assertEqual(answer.status_code, 302)
        self.assertIn("next=/notifications/inbox/", answer["Location"])
