from django.contrib.auth.models import User
from django.test import Client, SimpleTestCase, TestCase, override_settings

from perftests.load.web.answers import Answers
from perftests.load.web.visitors import headers_of


class VisitorTests(TestCase):
    def post(self, headers):
        client = Client(enforce_csrf_checks=True)
        form = {"title": "Hello", "body": "", "level": "info"}
        return client.post("/mine/test/", form, headers=headers).status_code

    def test_each_user_is_signed_in_and_may_post(self):
        users = [User.objects.create(username=name) for name in ("ada", "grace")]
        self.assertEqual([self.post(headers) for headers in headers_of(users)], [302, 302])
        self.assertEqual([user.deliveries.count() for user in users], [1, 1])

    @override_settings(CSRF_COOKIE_NAME="proof", CSRF_HEADER_NAME="HTTP_X_PROOF")
    def test_the_token_goes_by_the_names_that_a_site_gives_to_it(self):
        [headers] = headers_of([User.objects.create(username="ada")])
        self.assertIn("proof=", headers["Cookie"])
        self.assertIn("X-PROOF", headers)
        self.assertEqual(self.post(headers), 302)

    def test_without_users_there_is_one_visitor_without_a_session(self):
        [headers] = headers_of([])
        self.assertNotIn("sessionid", headers["Cookie"])


class AnswerTests(SimpleTestCase):
    def test_a_failure_has_a_reason_and_no_latency(self):
        answers = Answers()
        answers.succeed(5_000_000)
        answers.fail("404 instead of 200")
        self.assertEqual((answers.failed, answers.metrics.succeeded), (1, 1))
        self.assertEqual(answers.metrics.summary().maximum, 5)
        self.assertEqual(answers.failures, {"404 instead of 200": 1})
