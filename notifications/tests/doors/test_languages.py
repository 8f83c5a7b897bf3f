import gettext
import re
from pathlib import Path

from django.template import Context, Template
from django.test import RequestFactory, SimpleTestCase, TestCase, override_settings
from django.utils.translation import get_language_bidi, override

import notifications

from ..users import make_user

LOCALE = Path(notifications.__file__).parent / "locale"
LANGUAGES = ("de", "he")


def entries(path):
    """The texts of a catalogue, each with its translation."""
    text = re.sub(r'"\n"', "", path.read_text())
    return dict(re.findall(r'^msgid "(.+)"\nmsgstr "(.*)"$', text, re.MULTILINE))


class CatalogueTests(SimpleTestCase):
    def test_each_language_has_every_text_of_the_template(self):
        wanted = set(entries(LOCALE / "django.pot"))
        self.assertGreater(len(wanted), 30)
        for language in LANGUAGES:
            found = entries(LOCALE / language / "LC_MESSAGES" / "django.po")
            self.assertEqual(set(found), wanted)
            self.assertEqual([text for text, said in found.items() if not said], [])

    def test_compiled_catalogues_are_those_of_their_sources(self):
        for language in LANGUAGES:
            folder = LOCALE / language / "LC_MESSAGES"
            with (folder / "django.mo").open("rb") as file:
                compiled = gettext.GNUTranslations(file)
            for text, said in entries(folder / "django.po").items():
                self.assertEqual(compiled.gettext(text), said)

    def test_translations_have_the_places_of_their_texts(self):
        for language in LANGUAGES:
            for text, said in entries(LOCALE / language / "LC_MESSAGES" / "django.po").items():
                self.assertEqual(re.findall("{.*?}", text), re.findall("{.*?}", said))


@override_settings(ROOT_URLCONF="notifyproject.urls")
class BellLanguageTests(TestCase):
    def bell(self, language):
        request = RequestFactory().get("/")
        request.user = make_user(language)
        with override(language):
            bidi = get_language_bidi()
            page = Template("{% load notifications %}{% notification_bell %}")
            return bidi, page.render(Context({"request": request}))

    def test_the_bell_speaks_german_and_from_right_to_left_hebrew(self):
        for language, words, right_to_left in (
            ("de", "Alle als gelesen markieren", False),
            ("he", "סימון הכול כנקרא", True),
        ):
            bidi, page = self.bell(language)
            self.assertEqual(bidi, right_to_left)
            self.assertIn(words, page)
            self.assertNotIn("Mark all read", page)


MARKUP = re.compile(r"{#.*?#}|{{.*?}}|{%.*?%}|<(svg|script|style)\b.*?</\1>|<[^>]*>", re.DOTALL)
"""Whatever is no text of a page. What `translate` marks is inside of a tag of Django."""

READ_ALOUD = re.compile(r'\b(?:aria-label|title|alt|placeholder)="([^"]*)"')


def unmarked(source):
    """The texts of a template that no translation reaches, attributes that people read included."""
    without_tags = re.sub(r"{%.*?%}|{{.*?}}", "", source)
    texts = [*MARKUP.sub("\n", source).splitlines(), *READ_ALOUD.findall(without_tags)]
    return [text.strip() for text in texts if re.search(r"[^\W\d_]{2}", text)]


class MarkedTextTests(SimpleTestCase):
    def test_each_text_of_a_template_is_marked_for_translation(self):
        paths = list((LOCALE.parent / "templates").rglob("*.html"))
        self.assertGreater(len(paths), 0)
        for path in paths:
            self.assertEqual((path.name, unmarked(path.read_text())), (path.name, []))

    def test_a_text_that_is_not_marked_is_found_in_elements_and_attributes(self):
        source = """<p title="Shown">Hello {{ name }}</p>{% translate "Bye" %}<svg>xyz</svg>"""
        self.assertEqual(unmarked(source), ["Hello", "Shown"])
        marked = """<b aria-label="{% translate 'Close' %}">99+ {# note #}</b>"""
        self.assertEqual(unmarked(marked), [])
