"""Each text that a person reads is marked for translation."""

import re
from html import unescape

from django.apps import apps
from django.contrib import admin
from django.test import SimpleTestCase
from django.utils.functional import Promise

from .sources import WORDS, files, unmarked_in_python

LABELS = ("durable_notifications", "perftests")
READ = {
    "notifications": (
        *("admin.py", "apps.py", "models/*.py", "management/commands/*.py"),
        *("templatetags/*.py", "health/doctor.py", "inbox/*.py", "privacy/actions.py"),
    ),
    "perftests": (
        *("admin.py", "apps.py", "models/*.py", "lab/**/*.py", "templatetags/*.py"),
        *("watch/*.py", "wishes/*.py"),
    ),
}
"""Where texts for people are. Logs, checks and refusals of code are for developers, in English."""

TEMPLATES = {
    "notifications": "templates/**/*.html",
    "perftests": "templates/admin/**/*.html",  # exported reports are English, as they say
}

MARKUP = re.compile(r"{#.*?#}|{{.*?}}|{%.*?%}|<(svg|script|style)\b.*?</\1>|<[^>]*>", re.DOTALL)
"""Whatever is no text of a page. What `translate` marks is inside of a tag of Django."""

BLOCKS = re.compile(
    r"{% blocktranslate\b.*?{% endblocktranslate %}|{% block bodyclass %}.*?{% endblock %}",
    re.DOTALL,
)
"""Texts that are marked, and names of classes."""

READ_ALOUD = re.compile(r'\b(?:aria-label|title|alt|placeholder|data-label)="([^"]*)"')
SHOWN_BY_SCRIPT = re.compile(
    r"""(?:(?:textContent|innerText|title|placeholder|ariaLabel)\s*=|["']aria-label["'],)"""
    r"""\s*["'`]([^"'`]*)["'`]"""
)
PLACE = re.compile(r"\$\{.*?\}")


def unmarked(source):
    """The texts of a template that no translation reaches, attributes that people read included."""
    source = BLOCKS.sub("", source)
    without_tags = re.sub(r"{%.*?%}|{{.*?}}", "", source)
    source, without_tags = unescape(source), unescape(without_tags)
    texts = [*MARKUP.sub("\n", source).splitlines(), *READ_ALOUD.findall(without_tags)]
    return [text.strip() for text in texts if WORDS.search(text)]


def shown_by(script):
    """The texts of a script that it shows."""
    texts = SHOWN_BY_SCRIPT.findall(script)
    return [text for text in texts if WORDS.search(PLACE.sub("", text))]


class CodeTests(SimpleTestCase):
    def test_each_text_of_the_code_that_people_read_is_marked(self):
        for app, patterns in READ.items():
            for name, path in files(app, *patterns).items():
                with self.subTest(f"{app}/{name}"):
                    self.assertEqual(list(unmarked_in_python(path.read_text())), [])

    def test_each_place_of_texts_is_still_there(self):
        gone = [
            f"{app}/{pattern}"
            for app, patterns in READ.items()
            for pattern in patterns
            if not files(app, pattern)
        ]
        self.assertEqual(gone, [])

    def test_a_text_that_is_not_marked_is_found_wherever_it_is_shown(self):
        found = {
            'title = "Shown"': ["Shown"],
            'admin.display(description="Shown")': ["Shown"],
            'raise CommandError(f"Shown {name}")': ["Shown "],
            'self.stdout.write(self.style.SUCCESS("Shown"))': ["Shown"],
            'title = _("Marked")': [],
            'raise CommandError(_("Marked {name}").format(name=name))': [],
            'key = "hidden"': [],
        }
        for source, texts in found.items():
            with self.subTest(source):
                self.assertEqual(list(unmarked_in_python(source)), texts)

    def test_each_name_of_a_model_and_its_fields_is_translated_when_it_is_shown(self):
        for label in LABELS:
            for model in apps.get_app_config(label).get_models():
                for name, text in names(model):
                    with self.subTest(f"{model.__name__}.{name}"):
                        self.assertIsInstance(text, Promise)


def names(model):
    """What a person reads of a model that is in the admin."""
    if not admin.site.is_registered(model):
        return
    options = model._meta
    yield "verbose_name", options.original_attrs.get("verbose_name")
    yield "verbose_name_plural", options.original_attrs.get("verbose_name_plural")
    for field in options.concrete_fields:
        if not field.auto_created:
            yield field.name, field.verbose_name
            yield from ((f"{field.name} {value}", label) for value, label in field.choices or ())


class PageTests(SimpleTestCase):
    def test_each_text_of_a_template_is_marked(self):
        for app, pattern in TEMPLATES.items():
            found = files(app, pattern)
            self.assertGreater(len(found), 0)
            for name, path in found.items():
                with self.subTest(f"{app}/{name}"):
                    self.assertEqual(unmarked(path.read_text()), [])

    def test_a_text_that_is_not_marked_is_found_in_elements_and_attributes(self):
        source = """<p title="Shown">Hello {{ name }}</p>{% translate "Bye" %}<svg>xyz</svg>"""
        self.assertEqual(unmarked(source), ["Hello", "Shown"])
        marked = """<b aria-label="{% translate 'Close' %}">99+ {# note #}</b>"""
        self.assertEqual(unmarked(marked), [])
        classes = "{% block bodyclass %}{{ block.super }} wide{% endblock %}"
        self.assertEqual(unmarked(classes), [])

    def test_scripts_show_no_text_of_their_own(self):
        for name, path in files("notifications", "static/**/*.js").items():
            with self.subTest(name):
                self.assertEqual(shown_by(path.read_text()), [])

    def test_a_text_that_a_script_shows_is_found(self):
        source = """
            a.textContent = "No connection"; b.setAttribute("aria-label", 'Close');
            c.textContent = `${count}`; d.title = texts.close; e.setAttribute("aria-label", text);
        """
        self.assertEqual(shown_by(source), ["No connection", "Close"])
