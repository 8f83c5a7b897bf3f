"""What a list costs one uvicorn process, which is what limits how many it answers."""

import psutil
from django.test import TransactionTestCase, tag

from notifications.send import notify
from perftests.load.web import Site

from ..users import make_users

PER_SECOND, SECONDS = 40, 5
MOST_STATEMENTS = 5
MOST_CPU_MS = 100
"""22 were measured on two cores that other work kept four times as busy as they can be."""


@tag("slow")
class ListCostTests(TransactionTestCase):
    def test_a_list_costs_few_statements_and_little_cpu(self):
        users = make_users(10)
        for number in range(20):
            notify(users, f"n{number}", body="words")
        with Site("uvicorn") as site:
            site.get("/notifications/?limit=20", per_second=20, seconds=0.5, users=users)
            before = self.cpu_seconds(site)
            answers = site.get(
                "/notifications/?limit=20", per_second=PER_SECOND, seconds=SECONDS, users=users
            )
            took = self.cpu_seconds(site) - before
        self.assertEqual(answers.failures, {})
        self.assertLessEqual(answers.statements, MOST_STATEMENTS)
        self.assertLess(1000 * took / (PER_SECOND * SECONDS), MOST_CPU_MS)

    def cpu_seconds(self, site):
        times = psutil.Process(site.pid).cpu_times()
        return times.user + times.system
