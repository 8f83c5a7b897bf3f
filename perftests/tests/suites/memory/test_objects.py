from collections import Counter

from django.test import SimpleTestCase

from perftests.suites.memory.objects import BY_TIME, each_has


class ObjectsOfEachTests(SimpleTestCase):
    def test_an_object_for_each_user_is_told_whatever_one_odd_round_has(self):
        rounds = [Counter(Socket=20), Counter(Socket=20), Counter(Socket=400)]
        self.assertEqual(each_has(rounds, 20), {"Socket": 1})

    def test_a_few_objects_that_are_no_one_users_are_none(self):
        self.assertEqual(each_has([Counter(Cursor=3)] * 3, 20), {})

    def test_objects_of_one_round_alone_are_none(self):
        self.assertEqual(each_has([Counter(), Counter(), Counter(Socket=20)], 20), {})

    def test_types_that_timers_keep_for_a_while_are_left_out(self):
        self.assertEqual(each_has([Counter(dict.fromkeys(BY_TIME, 20))] * 3, 20), {})
