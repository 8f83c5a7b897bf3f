from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection
from django.test import TransactionTestCase

from perftests.suites.engine.usual_rows import UsualNotification, usual_bulk_create, usual_table


class UsualRowsTests(TransactionTestCase):
    def tables(self):
        return connection.introspection.table_names()

    def test_each_recipient_gets_a_usual_row_with_the_content(self):
        for name in ("alice", "bob"):
            User.objects.create_user(name)
        with usual_table():
            usual_bulk_create(User.objects.order_by("pk"), "Hi")
            rows = UsualNotification.objects.order_by("pk")
            self.assertEqual(
                [(r.recipient.username, r.verb) for r in rows], [("alice", "Hi"), ("bob", "Hi")]
            )

    def test_the_table_of_usual_rows_is_gone_even_after_a_failure(self):
        with self.assertRaises(ZeroDivisionError), usual_table():
            self.assertIn(UsualNotification._meta.db_table, self.tables())
            raise ZeroDivisionError
        self.assertNotIn(UsualNotification._meta.db_table, self.tables())

    def test_no_installed_app_has_the_model_of_usual_rows(self):
        self.assertNotIn(UsualNotification, apps.get_models(include_auto_created=True))
