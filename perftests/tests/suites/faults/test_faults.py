from contextlib import closing
from types import SimpleNamespace

from django.contrib.auth.models import User
from django.db import connection
from django.test import SimpleTestCase, TransactionTestCase, tag

from notifications.tickets import make_ticket
from perftests.load.clients.swarm import Swarm
from perftests.load.services.disk import can_mount
from perftests.suites.faults.outages import outages
from perftests.suites.faults.site import Site
from perftests.suites.faults.wanderers import Wait, longest_wait, wanderers


def client(*waits, waiting_since=None):
    return SimpleNamespace(waits=[Wait(*w) for w in waits], waiting_since=waiting_since)


class LongestWaitTests(SimpleTestCase):
    def test_a_wait_that_began_during_the_fault_counts_from_its_end(self):
        self.assertEqual(longest_wait([client((5, 13))], begin=10, end=20), 3)

    def test_a_wait_that_was_over_before_or_began_later_does_not_count(self):
        self.assertEqual(longest_wait([client((5, 9), (21, 29))], begin=10, end=20), 0)

    def test_a_client_that_still_waits_counts_until_the_end(self):
        self.assertEqual(longest_wait([client(waiting_since=12)], begin=10, end=20), 8)

    def test_the_longest_wait_of_all_clients_counts(self):
        clients = [client((11, 12)), client((10, 14), (15, 16)), client()]
        self.assertEqual(longest_wait(clients, begin=10, end=20), 4)


@tag("alone", "slow")
class SiteTests(TransactionTestCase):
    def test_a_site_has_services_of_its_own_and_gives_the_database_back(self):
        name = connection.settings_dict["NAME"]
        User.objects.create(username="of the test")
        with closing(Swarm("")) as swarm, Site("uvicorn", swarm) as site:
            self.assertNotEqual(connection.settings_dict["NAME"], name if can_mount() else "")
            self.assertFalse(User.objects.exists())
            user = User.objects.create(username="of the site")
            [wanderer] = wanderers(site.urls, [user])
            wanderer.ticket = make_ticket(user)
            self.assertEqual(swarm.connect_clients([wanderer]), [wanderer], swarm.failures)
            self.assertGreater(site.holdings().processes, 1)
            with outages(site)["a server is killed"]():
                self.assertFalse(site.servers[0].running)
            self.assertTrue(site.servers[0].running)
        self.assertEqual(User.objects.get().username, "of the test")
