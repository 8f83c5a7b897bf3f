"""Row N4: the queues of those who were away."""

import json
from collections.abc import Sequence

from django.contrib.auth.models import User

from notifications.models import Delivery
from notifications.send import notify
from perftests.load.clients.accounting import Accounting
from perftests.load.clients.client import NotificationClient
from perftests.load.schedule.shapes import constant
from perftests.workloads import workload

from ..kit.arrivals import Expected, measure_accounting
from ..kit.case import LoadTestCase
from ..kit.counted.settled import measure_settled
from ..kit.counted.table import row
from ..kit.queue import replay
from ..kit.rows import queue_for
from ..kit.visits import traffic
from .audiences import create_group
from .workloads import Queues

ENVIRONMENT = {"PERF_NOTIFICATIONS": json.dumps({"SWEEP_SECONDS": 3600})}
"""What a server without a sweep does not send is missing; the sweep would send it seconds later."""

MEANWHILE = constant(400, seconds=60)
"""Until all have their queues, and so long at most."""


class QueueTests(LoadTestCase):
    """On a server of its own, which repairs nothing."""

    suite = "notification"
    server_environment = ENVIRONMENT

    @row("N4")
    @workload(Queues)
    def test_a_queue_arrives_whole_once_and_in_order(self, load: Queues) -> None:
        """Queue management: many have a queue and all connect at once"""
        users = self.create_users(load.users)
        group = create_group(users)
        ids = [notify(group, "Load").pk for _ in range(load.queued)]
        queued = Delivery.objects.queued().count()
        with self.server.monitored(self):
            replayed = replay(self.clients, users, [ids] * len(users))
        self.measure("queued", queued, "deliveries", required=f"== {len(ids) * len(users)}")
        accounting = self._account(users, replayed.clients, replayed.expected)
        rate, doubt = accounting.received / replayed.seconds, replayed.doubt
        self.measure("replayed", rate, "deliveries/s", goal=">= 10000", doubt=doubt)
        self._measure_crossing(load)

    def _measure_crossing(self, load: Queues) -> None:
        """While they connect and get their queues, more comes for them.

        One after the other, as between the reading of a last page and its end are but moments:
        something comes in some of so many.
        """
        users = self.create_users(load.users)
        queues = queue_for(users, load.queued)
        with traffic(self.server, [user.pk for user in users], MEANWHILE) as sent:
            clients = self.clients.connect(users, concurrency=1)
            self.clients.await_arrival(list(zip(queues, clients, strict=True)))
            self.server.stop_sending()
        expected = [
            ([*queue, *sent[0].ids], client) for queue, client in zip(queues, clients, strict=True)
        ]
        self.clients.await_arrival(expected)
        self._account(users, clients, expected, "more meanwhile, ")

    def _account(
        self,
        users: Sequence[User],
        clients: Sequence[NotificationClient],
        expected: Expected,
        prefix: str = "",
    ) -> Accounting:
        tabs = [(user.pk, client) for user, client in zip(users, clients, strict=True)]
        measure_settled(self, tabs, self.timeout_seconds, prefix)
        return measure_accounting(self, expected, prefix)
