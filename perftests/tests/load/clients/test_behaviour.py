import functools

from django.contrib.auth.models import User
from django.test import SimpleTestCase, TransactionTestCase, tag

from notifications.models import Delivery
from notifications.tickets import make_ticket
from perftests.load.clients.behaviour import PROFILES, SURFS, TRAVELS, Profile, Visitor
from perftests.load.clients.swarm import Swarm
from perftests.load.server.control import Control
from perftests.load.server.process import ServerProcess
from perftests.suites.kit.queue import await_acks
from perftests.tests.waiting import wait_until


class VisitorProfileTests(SimpleTestCase):
    def test_every_visitor_profile_has_a_name_of_its_own(self):
        self.assertEqual(len({profile.name for profile in PROFILES}), len(PROFILES))

    def test_some_visitors_read_leave_are_cut_off_come_late_or_have_several_tabs(self):
        for habit in (
            lambda profile: profile.reads_after,
            lambda profile: profile.connected_for and profile.says_goodbye,
            lambda profile: profile.connected_for and not profile.says_goodbye,
            lambda profile: profile.arrives_after,
            lambda profile: profile.tabs > 1,
        ):
            self.assertTrue(any(map(habit, PROFILES)))


class WhatAVisitorGotTests(SimpleTestCase):
    def setUp(self):
        self.visitor = Visitor(Profile("two tabs", tabs=2), "ws://nowhere", str)

    def test_a_visitor_got_what_any_of_the_tabs_got(self):
        self.visitor.tabs[0].arrived_ids = [1, 2]
        self.visitor.tabs[1].arrived_ids = [2, 3]
        self.assertEqual(self.visitor.arrived_ids, [1, 2, 3])
        self.assertEqual(self.visitor.shown_twice, 0)

    def test_notifications_that_a_tab_of_a_visitor_shows_again_are_counted(self):
        self.visitor.tabs[0].arrived_ids = [1, 2, 1]
        self.assertEqual(self.visitor.shown_twice, 1)

    def test_duplicates_and_disorder_of_a_visitor_are_those_of_all_tabs(self):
        for tab in self.visitor.tabs:
            tab.duplicates, tab.out_of_order = 2, 3
        self.assertEqual((self.visitor.duplicates, self.visitor.out_of_order), (4, 6))


@tag("slow")
class VisitorTests(TransactionTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.enterClassContext(ServerProcess())

    def setUp(self):
        self.user = User.objects.create(username="ada")
        self.control = Control(self.server.http_url)
        self.swarm = self.enterContext(Swarm(self.server.websocket_url))

    def visitor(self, profile):
        ticket = functools.partial(make_ticket, self.user)
        visitor = Visitor(profile, self.server.websocket_url, ticket)
        self.swarm.clients += visitor.tabs
        return visitor

    def test_visitors_come_back_however_the_connection_ended_and_have_everything(self):
        for profile in (SURFS, TRAVELS):
            with self.subTest(profile.name):
                visitor = self.visitor(profile)
                self.swarm.run(visitor.visit(0.1))
                sent = self.control.notify([self.user.pk], count=3)
                self.swarm.run(visitor.visit(1.2))
                self.swarm.wait_until(
                    lambda v=visitor, s=sent: len(v.arrived_ids) == len(s.ids), 30, "all of it"
                )
                self.assertGreaterEqual(visitor.connects, 2)
                self.assertTrue(visitor.tabs[0].connected)
                await_acks(30)

    def test_a_visitor_who_reads_marks_all_that_arrived_as_read(self):
        visitor = self.visitor(Profile("reads", reads_after=0.05))
        self.control.notify([self.user.pk], count=3)

        def has_read():
            self.swarm.run(visitor.visit(0.5))  # a busy machine may take as long to connect
            return not Delivery.objects.unread().exists()

        wait_until(has_read, 30, "the read marks")

    def test_every_tab_of_a_visitor_counts_what_arrives(self):
        visitor = self.visitor(Profile("two tabs", tabs=2))
        self.swarm.run(visitor.visit(0.1))
        self.control.notify([self.user.pk], count=3)

        self.swarm.wait_until(lambda: [t.unread for t in visitor.tabs] == [3, 3], 30, "the counts")
