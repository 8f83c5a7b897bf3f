from unittest import mock

from django.test import TestCase

from notifications.send import notify
from notifications.store.own import searching
from notifications.store.own.listing import Filters
from notifications.store.own.searching import search

from ...users import make_user


class SearchTests(TestCase):
    def setUp(self):
        self.ada = make_user("ada")

    def found(self, *words, before=None, size=10):
        listed, further = search(self.ada.pk, Filters(), words, before, size)
        return [one.content["title"] for one in listed], further

    def test_each_word_has_to_be_in_some_text_in_capitals_or_not(self):
        notify(self.ada, "Straße gesperrt", body="until ÉTÉ", actor=self.ada)
        notify(self.ada, "Other")
        for words in (["STRASSE"], ["été", "gesperrt"], ["ADA"]):
            self.assertEqual(self.found(*words), (["Straße gesperrt"], 0))
        self.assertEqual(self.found("straße", "other"), ([], 0))

    def test_signs_that_a_database_takes_for_patterns_are_signs(self):
        notify(self.ada, "100 % sure")
        notify(self.ada, "1000 sure")
        self.assertEqual(self.found("100", "%"), (["100 % sure"], 0))

    def test_a_search_goes_on_where_it_stopped_to_look(self):
        first = notify(self.ada, "wanted")
        for number in range(4):
            notify(self.ada, f"n{number}")
        with mock.patch.object(searching, "SEARCHED", 2), self.assertNumQueries(2):
            found, further = self.found("wanted")
        self.assertEqual((found, further), ([], first.pk + 3))
        self.assertEqual(self.found("wanted", before=further), (["wanted"], 0))

    def test_more_than_a_page_of_what_is_found_is_followed_by_the_rest(self):
        ids = [notify(self.ada, f"n{number}").pk for number in range(3)]
        found, further = self.found("n", size=2)
        self.assertEqual((found, further), (["n2", "n1"], ids[1]))
        self.assertEqual(self.found("n", size=2, before=further), (["n0"], 0))
