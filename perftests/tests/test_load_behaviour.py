import functools

from django.contrib.auth.models import User
from django.test import SimpleTestCase, TransactionTestCase

from notifications.models import Delivery
from notifications.tickets import make_ticket
from perftests.load.behaviour import PROFILES, SURFS, TRAVELS, Profile, Visitor
from perftests.load.control import Control
from perftests.load.server import ServerProcess
from perftests.load.swarm import Swarm

from .waiting import wait_until


class ProfileTests(SimpleTestCase):
    def test_every_profile_has_a_name_of_its_own(self):
        self.assertEqual(len({profile.name for profile in PROFILES}), len(PROFILES))

    def test_somebody_reads_leaves_is_cut_off_comes_late_and_has_several_tabs(self):
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

    def test_it_is_what_any_of_the_tabs_got(self):
        self.visitor.tabs[0].arrived_ids = [1, 2]
        self.visitor.tabs[1].arrived_ids = [2, 3]
        self.assertEqual(self.visitor.arrived_ids, [1, 2, 3])
        self.assertEqual(self.visitor.shown_twice, 0)

    def test_what_a_tab_shows_again_is_counted(self):
        self.visitor.tabs[0].arrived_ids = [1, 2, 1]
        self.assertEqual(self.visitor.shown_twice, 1)

    def test_duplicates_and_disorder_are_those_of_all_tabs(self):
        for tab in self.visitor.tabs:
            tab.duplicates, tab.out_of_order = 2, 3
        self.assertEqual((self.visitor.duplicates, self.visitor.out_of_order), (4, 6))


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
                    lambda v=visitor, s=sent: len(v.arrived_ids) == len(s.ids), 5, "all of it"
                )
                self.assertGreaterEqual(visitor.connects, 2)
                self.assertTrue(visitor.tabs[0].connected)
                wait_until(lambda: not Delivery.objects.queued().exists(), 5, "the acks")

    def test_a_visitor_who_reads_marks_all_that_arrived_as_read(self):
        visitor = self.visitor(Profile("reads", reads_after=0.05))
        self.control.notify([self.user.pk], count=3)

        self.swarm.run(visitor.visit(0.5))

        wait_until(lambda: not Delivery.objects.unread().exists(), 5, "the read marks")

    def test_a_look_at_the_page_tells_every_tab_the_unread_count(self):
        visitor = self.visitor(Profile("two tabs", tabs=2))
        self.swarm.run(visitor.visit(0.1))
        self.control.notify([self.user.pk], count=3)
        self.swarm.wait_until(lambda: len(visitor.arrived_ids) == 3, 5, "three notifications")

        self.swarm.call(visitor.look)

        self.swarm.wait_until(lambda: [t.unread for t in visitor.tabs] == [3, 3], 5, "the counts")
        self.assertEqual(Delivery.objects.exclude(seen_at=None).count(), 1)
