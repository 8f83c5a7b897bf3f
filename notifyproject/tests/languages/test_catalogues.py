import re

import polib
from django.test import SimpleTestCase

from .catalogues import APPS, LANGUAGES, made, read, source, template

ANEW = "Run python -m notifyproject.tests.languages.catalogues, and translate what is new."
PLACES = re.compile(r"\{.*?\}|%\(\w+\)s|%[sd]")


def texts(catalogue):
    return {(entry.msgid, entry.msgid_plural or "") for entry in catalogue}


def translations(catalogue):
    return {entry.msgid: (entry.msgstr, entry.msgstr_plural) for entry in catalogue}


def pairs(entry):
    """Each text with its translation, and its plural with those of more than one."""
    yield entry.msgid, entry.msgstr or entry.msgstr_plural.get(0, "")
    if entry.msgid_plural:
        yield from ((entry.msgid_plural, said) for at, said in entry.msgstr_plural.items() if at)


CATALOGUES = [(app, source(app, language)) for app in APPS for language in LANGUAGES]


class CatalogueTests(SimpleTestCase):
    def test_the_template_has_each_text_that_the_sources_mark_and_no_other(self):
        for app in APPS:
            with self.subTest(app):
                self.assertGreater(len(made(app)), 30)
                self.assertEqual(texts(read(template(app))), texts(made(app)), ANEW)

    def test_each_language_has_every_text_of_the_template(self):
        for app, path in CATALOGUES:
            with self.subTest(path):
                catalogue = read(path)
                self.assertEqual(texts(catalogue), texts(read(template(app))), ANEW)
                self.assertEqual([e.msgid for e in catalogue.untranslated_entries()], [])
                self.assertEqual([e.msgid for e in catalogue if e.fuzzy or e.obsolete], [])

    def test_compiled_catalogues_are_those_of_their_sources(self):
        for _, path in CATALOGUES:
            with self.subTest(path):
                compiled = polib.mofile(str(path.with_suffix(".mo")))
                self.assertEqual(translations(compiled), translations(read(path)), ANEW)

    def test_translations_have_the_places_of_their_texts(self):
        for _, path in CATALOGUES:
            for text, said in (pair for entry in read(path) for pair in pairs(entry)):
                with self.subTest(path, text=text):
                    self.assertEqual(sorted(PLACES.findall(text)), sorted(PLACES.findall(said)))
