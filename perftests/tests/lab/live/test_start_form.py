from unittest import mock

from django.http import QueryDict
from django.test import TestCase, modify_settings

from perftests.lab.live import start_form
from perftests.lab.live.start_form import StartForm, known_suites
from perftests.management.commands._stored import ACTIONS

from ...admin_pages import make_result, make_run


class StartFormTests(TestCase):
    def setUp(self):
        self.refs = self.enterContext(
            mock.patch.object(start_form, "newest_refs", return_value=["main", "v1.0"])
        )

    def form(self, **asked):
        given = QueryDict(mutable=True)
        for name, value in {"scale": "smoke", "server": "daphne", **asked}.items():
            given.setlist(name, value if isinstance(value, list) else [value])
        return StartForm(given)

    def arguments(self, **asked):
        form = self.form(**asked)
        self.assertTrue(form.is_valid(), form.errors)
        return form.arguments()

    def assert_refused(self, field, **asked):
        self.assertIn(field, self.form(**asked).errors)

    def test_rows_labels_and_choices_become_a_list_of_arguments(self):
        self.assertEqual(
            self.arguments(labels="N7  myapp.tests.perf", suites=["memory"], label="a b"),
            [
                *("N7", "myapp.tests.perf", "--server", "daphne", "--label=a b"),
                *("--scale", "smoke", "--suites", "memory"),
            ],
        )

    def test_a_comparison_has_a_version_and_no_scale(self):
        self.assertEqual(
            self.arguments(labels="N7", against="v1.0"),
            ["N7", "--server", "daphne", "--against", "v1.0"],
        )

    def test_words_that_are_no_labels_are_refused(self):
        for label in ("--output=/etc/passwd", "-v", "../x.y", "a.b;id", "a b.c/d", "n7", "a..b"):
            with self.subTest(label):
                self.assert_refused("labels", labels=label)

    def test_words_that_do_something_with_stored_runs_are_refused(self):
        for word in ACTIONS:
            with self.subTest(word):
                self.assert_refused("labels", labels=word)
                self.assert_refused("labels", labels=f"N7 {word} 12")

    def test_a_name_that_looks_like_an_option_stays_a_name(self):
        self.assertIn("--label=--output=x", self.arguments(label="--output=x"))

    def test_a_value_that_is_not_among_the_choices_is_refused(self):
        self.assert_refused("scale", scale="huge")
        self.assert_refused("server", server="gunicorn")
        self.assert_refused("suites", suites=["--output"])
        self.assert_refused("against", against="--output=x")
        self.assert_refused("label", label="a\0b")

    def test_a_comparison_of_suites_is_refused(self):
        self.assert_refused("suites", against="main", suites=["memory"])

    def test_without_git_there_is_nothing_to_compare_with(self):
        self.refs.return_value = []
        self.assertNotIn("against", self.form().fields)

    def test_suites_of_stored_runs_are_offered_beside_ours(self):
        make_run(make_result(suite="shop"), make_result("s.T.b", suite="--evil"))
        found = known_suites()
        self.assertLessEqual({"shop", "notification", "rivals"}, set(found))
        self.assertNotIn("--evil", found)
        self.assertNotIn("kit", found)

    def test_a_suite_of_the_project_is_run_by_the_classes_that_were_in_it_last(self):
        make_run(make_result("shop.perf.Old.test_a", suite="shop"))
        make_run(
            make_result("shop.perf.Cart.test_a", suite="shop"),
            make_result("shop.perf.Cart.test_b", suite="shop"),
            make_result("setUpClass (shop.perf.Cart)", suite="shop"),
            make_result("lost.perf.Lost.test_a", suite="missing"),
        )
        rest = ["--server", "daphne", "--scale", "smoke", "--suites"]
        self.assertEqual(self.arguments(suites=["shop"]), ["shop.perf.Cart", *rest, "shop"])
        self.assertEqual(
            self.arguments(suites=["memory", "shop"]),
            ["perftests.suites", "shop.perf.Cart", *rest, "memory", "shop"],
        )
        self.assertEqual(self.arguments(suites=["memory"]), [*rest, "memory"])
        self.assertNotIn("missing", known_suites())

    @modify_settings(INSTALLED_APPS={"remove": "notifications"})
    def test_a_project_with_the_lab_alone_chooses_a_suite_of_its_own(self):
        make_run(make_result("shop.perf.Cart.test_a", suite="shop"))
        self.assertEqual(self.arguments(suites=["shop"])[0], "shop.perf.Cart")

    @modify_settings(INSTALLED_APPS={"remove": "notifications"})
    def test_a_project_with_the_lab_alone_names_its_tests(self):
        self.assertNotIn("against", self.form().fields)
        self.assert_refused("labels")
        self.assertNotIn("notification", known_suites())
