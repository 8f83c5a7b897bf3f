"""A database that can be read and takes nothing, as in a failover or a maintenance."""

from django.db import connection
from django.test import TransactionTestCase
from django.urls import reverse

from notifications.models import Delivery
from notifications.send import notify

from ..users import make_user

READ_ONLY = {
    "postgresql": ("SET default_transaction_read_only = {}", "on", "off"),
    "sqlite": ("PRAGMA query_only = {}", "1", "0"),
}


class ReadOnlyInboxTests(TransactionTestCase):
    def setUp(self):
        ada = make_user("ada")
        notify(ada, "Shipped")
        self.client.force_login(ada)

    def set(self, on):
        statement, *words = READ_ONLY[connection.vendor]
        with connection.cursor() as cursor:
            cursor.execute(statement.format(words[0] if on else words[1]))

    def test_an_inbox_whose_database_takes_nothing_can_be_read(self):
        self.set(on=True)
        self.addCleanup(self.set, on=False)
        page = self.client.get(reverse("notifications:inbox"))
        self.assertContains(page, "Shipped")
        self.assertFalse(Delivery.objects.in_state("seen").exists())
