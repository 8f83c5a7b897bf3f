from unittest import mock

from django.contrib.admin.views.main import ChangeList
from django.db import OperationalError
from django.urls import reverse

from ..admin_pages import LIST, AdminTestCase, make_result, make_run
from ..watch.test_alert_list import ALERTS

QUESTIONS = (
    {"verdict__exact": "a\0b"},
    {"label": "\0"},
    {"environment__cpu": "\0"},
    {"label__regex": "["},
    {"q": "word " * 2000},
)


class QuestionsWithoutSenseTests(AdminTestCase):
    """On both databases, which refuse different things."""

    def test_a_question_that_the_database_refuses_leads_back_to_the_list(self):
        make_run(make_result())
        for question in QUESTIONS:
            with self.subTest(str(question)[:40]):
                response = self.client.get(reverse(LIST), question, follow=True)
                self.assertEqual(response.status_code, 200)
                self.assertIn("cl", response.context)

    def test_a_question_about_alerts_that_the_database_refuses_leads_back_to_the_list(self):
        response = self.client.get(reverse(ALERTS), {"cause__row__regex": "["}, follow=True)
        self.assertEqual(response.status_code, 200)

    def test_a_database_that_fails_without_a_question_is_no_wrong_question(self):
        failing = mock.patch.object(ChangeList, "get_results", side_effect=OperationalError("gone"))
        with failing, self.assertRaisesMessage(OperationalError, "gone"):
            self.client.get(reverse(LIST))
