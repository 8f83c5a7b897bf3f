"""A user who asks the feed, and another whose rows must stay as they are."""

import json
from itertools import count

from django.db import OperationalError, connection
from django.test import Client, TestCase
from django.urls import reverse

from notifications.feed.limits import forget_requests
from notifications.models import Delivery
from notifications.send import notify
from notifications.store import marking
from notifications.tickets import make_ticket

from ..users import make_user


class FeedTestCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.alice, cls.bob = make_user("alice"), make_user("bob")
        cls.ids = [notify(cls.alice, f"n{number}").pk for number in range(4)]
        cls.others = notify(cls.bob, "of bob").pk

    def setUp(self):
        forget_requests()
        self.client.force_login(self.alice)

    def get(self, name, *args, query="", **options):
        return self.client.get(reverse(f"notifications:{name}", args=args) + query, **options)

    def post(self, name, *args, client=None, **body):
        data = json.dumps(body) if body else None
        url = reverse(f"notifications:{name}", args=args)
        return (client or self.client).post(url, data, content_type="application/json")

    def delete(self, number):
        return self.client.delete(reverse("notifications:one", args=[number]))

    def titles(self, query="", **options):
        response = self.get("list", query=query, **options)
        self.assertEqual(response.status_code, 200, response.content)
        return [item["title"] for item in response.json()["items"]]

    def mark(self, kind, *ids):
        marking.mark(kind, {self.alice.pk: ids})

    def states(self, user=None):
        mine = Delivery.objects.filter(recipient=user or self.alice).order_by("notification_id")
        return [delivery.state for delivery in mine]

    def assert_problem(self, response, status, kind):
        self.assertEqual(response.status_code, status, response.content)
        self.assertEqual(response["Content-Type"], "application/problem+json")
        problem = response.json()
        self.assertEqual(problem["type"], f"urn:notifications:problem:{kind}")
        self.assertEqual(problem["status"], status)
        self.assertTrue(problem["title"] and problem["detail"])
        return problem["detail"]


def bearer(user):
    """A client without a session."""
    return Client(
        enforce_csrf_checks=True, headers={"authorization": f"Bearer {make_ticket(user)}"}
    )


def failing_at(which, *beginnings):
    """A context in which the database fails at this one of the statements that begin so."""
    number = count(1)

    def execute(run, sql, *args):
        if sql.lstrip().startswith(beginnings) and next(number) == which:
            raise OperationalError("the database is gone")
        return run(sql, *args)

    return connection.execute_wrapper(execute)
