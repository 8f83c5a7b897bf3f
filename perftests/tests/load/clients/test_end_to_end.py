from django.contrib.auth.models import User
from django.test import TransactionTestCase, tag

from notifications.tickets import make_ticket
from perftests.load.clients.accounting import account
from perftests.load.clients.swarm import Swarm
from perftests.load.server.control import Control
from perftests.load.server.process import ServerProcess


class EndToEnd:
    """Server, control, swarm and accounting together."""

    name: str

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.enterClassContext(ServerProcess(cls.name))

    def setUp(self):
        self.users = [User.objects.create(username=f"user {number}") for number in range(5)]
        self.pks = [user.pk for user in self.users]
        self.control = Control(self.server.http_url)
        self.swarm = self.enterContext(Swarm(self.server.websocket_url))

    def connect(self, users, **options):
        clients = self.swarm.connect([make_ticket(user) for user in users], **options)
        self.assertEqual(len(clients), len(users), self.swarm.failures)
        return clients

    def wait_for_arrival(self, clients, ids):
        self.swarm.wait_until(
            lambda: all(len(client.arrived_ids) >= len(ids) for client in clients),
            30,
            f"{len(ids)} notifications for each of {len(clients)} clients",
        )
        accounting = account((ids, client) for client in clients)
        self.assertEqual(accounting.missing, 0)
        self.assertEqual(accounting.unexpected, 0)
        return accounting

    def test_notifications_sent_in_the_server_arrive_live_once_and_in_order(self):
        clients = self.connect(self.users)

        sent = self.control.notify(self.pks, count=200)

        accounting = self.wait_for_arrival(clients, sent.ids)
        self.assertEqual((accounting.duplicated, accounting.out_of_order), (0, 0))
        arrived = dict(zip(clients[0].arrived_ids, clients[0].arrived_ns, strict=True))
        # Not after the commit was noted: the hub may find the rows before their sender goes on.
        for pk, due_ns in zip(sent.ids, sent.due_ns, strict=True):
            self.assertGreater(arrived[pk], due_ns)

    def test_nothing_is_lost_or_shown_twice_when_the_server_is_killed_before_acks(self):
        clients = self.connect(self.users, ack_delay_seconds=30)
        sent = self.control.notify(self.pks, count=20)
        self.wait_for_arrival(clients, sent.ids)

        self.server.kill()
        self.swarm.wait_until(lambda: not any(c.connected for c in clients), 30, "the kill")
        self.server.start()
        more = self.control.notify(self.pks, count=3)
        for client, user in zip(clients, self.users, strict=True):
            client.ticket = make_ticket(user)
        self.assertEqual(len(self.swarm.connect_clients(clients)), 5, self.swarm.failures)

        accounting = self.wait_for_arrival(clients, sent.ids + more.ids)
        self.assertEqual(accounting.duplicated, 5 * 20)
        for client in clients:
            self.assertEqual(sorted(client.arrived_ids), sent.ids + more.ids)

    def test_a_client_that_never_reads_does_not_hold_up_the_others(self):
        [stuck] = self.connect(self.users[:1], read=False)
        clients = self.connect(self.users)

        sent = self.control.notify(self.pks, count=100, body="x" * 2000)

        self.wait_for_arrival(clients, sent.ids)
        self.assertEqual(stuck.frames, 0)

    def test_a_forged_ticket_is_refused_with_the_close_code_of_the_protocol(self):
        self.assertEqual(self.swarm.connect(["forged"]), [])
        self.assertEqual(
            dict(self.swarm.failures), {"the server closed with 4401 before its hello": 1}
        )


@tag("slow")
class EndToEndOnDaphneTests(EndToEnd, TransactionTestCase):
    name = "daphne"


@tag("slow")
class EndToEndOnUvicornTests(EndToEnd, TransactionTestCase):
    name = "uvicorn"
