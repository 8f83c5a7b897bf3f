from django.db import connection
from django.test import TransactionTestCase
from django.urls import reverse

from notifications.send import notify

from ..users import make_user

SENSELESS = [
    ("notification", {"key__exact": "a\0b"}),
    ("notification", {"key__regex": "["}),
    ("delivery", {"state": "\0"}),
]
if connection.vendor == "sqlite":  # PostgreSQL looks for them all
    SENSELESS += [(name, {"q": "word " * 1100}) for name in ("notification", "delivery")]


class QuestionsWithoutSenseTests(TransactionTestCase):
    """On both databases, which refuse different things."""

    def test_a_question_that_the_database_refuses_leads_back_to_the_list(self):
        root = make_user("root", is_staff=True, is_superuser=True)
        notify(root, "Hi")
        self.client.force_login(root)
        for name, question in SENSELESS:
            with self.subTest(name, question=str(question)[:40]):
                url = reverse(f"admin:durable_notifications_{name}_changelist")
                response = self.client.get(url, question, follow=True)
                self.assertEqual(response.status_code, 200)
                self.assertIn("cl", response.context)
