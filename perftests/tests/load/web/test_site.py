from django.contrib.auth.models import User
from django.test import TransactionTestCase, tag

from notifications.models import Notification
from notifications.tickets import make_ticket
from notifyproject.tests.docs.pages import block, page
from perftests.load.web import Site

OWN_CODE = page("how-to/measure-your-own-code")
SHORTLY = {"per_second": 20, "seconds": 0.25}


@tag("slow")
class SiteTests(TransactionTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.site = cls.enterClassContext(Site())

    def setUp(self):
        self.users = [User.objects.create(username=name) for name in ("ada", "grace")]

    def test_each_request_to_a_view_is_timed_and_its_statements_are_counted(self):
        answers = self.site.get("/mine/", users=self.users, **SHORTLY)

        self.assertEqual((answers.metrics.succeeded, answers.failed), (5, 0), answers.failures)
        self.assertGreater(answers.metrics.summary().minimum, 0)
        # The session, the user, and what is listed.
        self.assertEqual(answers.statements, 3)

    def test_a_visitor_whom_the_site_does_not_know_is_sent_to_sign_in(self):
        answers = self.site.get("/mine/", **SHORTLY)
        self.assertEqual(answers.failures, {"302 instead of 200": 5})
        self.assertEqual(answers.metrics.succeeded, 0)
        self.assertEqual(self.site.get("/mine/", status=302, **SHORTLY).failed, 0)

    def test_a_view_that_does_not_exist_is_a_failure_of_each_request(self):
        self.assertEqual(self.site.get("/none/", **SHORTLY).failures, {"404 instead of 200": 5})

    def test_a_form_is_posted_by_each_user_in_turn_and_passes_the_check_of_its_token(self):
        form = {"title": "Hello", "body": "", "level": "info"}
        answers = self.site.post("/mine/test/", form, users=self.users, status=302, **SHORTLY)

        self.assertEqual(answers.failures, {})
        numbers = [user.deliveries.count() for user in self.users]
        self.assertEqual(numbers, [3, 2])
        self.assertEqual(set(Notification.objects.values_list("title", flat=True)), {"Hello"})

    def test_json_is_posted_as_json(self):
        answers = self.site.post(
            "/notifications/read/", json={"upto": 1}, users=self.users[:1], **SHORTLY
        )
        self.assertEqual(answers.failures, {})

    def test_a_consumer_is_reached_by_the_clients_of_the_lab(self):
        example = {}
        exec(block(OWN_CODE, "python", "# A consumer that greets"), example)
        paths = [f"/ws/notifications/?ticket={make_ticket(user)}" for user in self.users]
        self.assertTrue(all(ns > 0 for ns in example["greet"](self.site, paths)))

    def test_a_path_without_its_slash_is_refused_before_anything_is_sent(self):
        with self.assertRaisesMessage(ValueError, "'mine/' is no path of this site"):
            self.site.get("mine/", **SHORTLY)

    def test_a_load_of_no_requests_is_refused(self):
        with self.assertRaisesMessage(ValueError, "1 a second for 0 s are no requests at all"):
            self.site.get("/", per_second=1, seconds=0)
