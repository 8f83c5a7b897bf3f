"""`python -m notifyproject.tests.languages.catalogues`: bring the catalogues up to the sources.

Like `makemessages` and `compilemessages`, which need GNU gettext. What is new has to be translated
by hand afterwards; then run it again.
"""
# ruff: noqa: T201 - this is a command

from pathlib import Path

import polib

from .sources import ROOT, marked

APPS = ("notifications", "perftests")
LANGUAGES = ("de", "he")
UNBROKEN = 10_000
"""No line of a catalogue is as long, so a changed text is one changed line."""


def template(app):
    return ROOT / app / "locale" / "django.pot"


def source(app, language):
    return template(app).parent / language / "LC_MESSAGES" / "django.po"


def read(path):
    return polib.pofile(str(path), wrapwidth=UNBROKEN)


def made(app):
    """The template that the sources of an app come to."""
    catalogue = polib.POFile(wrapwidth=UNBROKEN)
    catalogue.metadata = read(template(app)).metadata
    for (text, plural), file in sorted(marked(app).items(), key=lambda item: item[1]):
        plurals = {"msgid_plural": plural, "msgstr_plural": {0: "", 1: ""}} if plural else {}
        catalogue.append(polib.POEntry(msgid=text, occurrences=[(file, "")], **plurals))
    return catalogue


def refresh(app):
    """Write template, sources and compiled catalogues anew; translations stay."""
    new = made(app)
    new.save(str(template(app)))
    for language in LANGUAGES:
        path = source(app, language)
        catalogue = read(path)
        catalogue.merge(new)
        for entry in catalogue.obsolete_entries():
            catalogue.remove(entry)
        catalogue.sort(key=lambda entry: new.index(new.find(entry.msgid)))
        catalogue.save(str(path))
        catalogue.save_as_mofile(str(path.with_suffix(".mo")))
        missing = [entry.msgid for entry in catalogue.untranslated_entries()]
        print(f"{Path(app, language)}: {len(missing)} without a translation", *missing, sep="\n  ")


if __name__ == "__main__":
    for app in APPS:
        refresh(app)
