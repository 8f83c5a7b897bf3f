"""The pages for whoever looks for a reason to take it, or to leave it."""

import re
import tomllib

from django.test import SimpleTestCase

from .pages import DOCS, ROOT, TEXTS, page

QUESTIONS = page("explanation/questions").split("\n## ")[1:]


def plain(text):
    """Words, however lines are broken and marked as a quotation."""
    return " ".join(text.replace("\n> ", " ").split())


class QuestionTests(SimpleTestCase):
    def test_there_are_ten_questions_each_of_which_asks(self):
        self.assertEqual(len(QUESTIONS), 10)
        for question in QUESTIONS:
            self.assertTrue(question.splitlines()[0].endswith("?"), question)

    def test_each_question_quotes_a_line_of_a_page_that_it_leads_to(self):
        for question in QUESTIONS:
            title, quoted, answer = question.split("\n\n", 2)
            links = re.findall(r"\]\(([\w./-]+)", answer)
            pages = [(DOCS / "explanation" / link).resolve().read_text() for link in links]
            with self.subTest(title):
                line = plain(quoted.removeprefix("> "))
                self.assertTrue(any(line in plain(text) for text in pages))


class VersionTests(SimpleTestCase):
    def test_each_version_of_the_changelog_says_what_to_look_at_in_an_upgrade(self):
        versions = re.findall(r"^## \[(.*?)\]", TEXTS["CHANGELOG.md"], re.MULTILINE)
        headings = re.findall(r"^## (.*)$", page("how-to/upgrade"), re.MULTILINE)
        self.assertEqual(headings[: len(versions)], versions)

    def test_the_comparison_names_the_version_of_this_package(self):
        version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
        self.assertIn(f"| **this** | {version} |", page("explanation/alternatives"))

    def test_the_comparison_says_of_which_day_its_facts_are(self):
        self.assertRegex(page("explanation/alternatives"), r"looked up on \d+ \w+ 20\d\d")
