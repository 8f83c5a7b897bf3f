"""The texts of an app: those that are marked for translation, and those that should be."""

import ast
import re
from pathlib import Path

from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[3]

MARKS = {"_": 1, "gettext": 1, "gettext_lazy": 1, "ngettext": 2, "ngettext_lazy": 2}
"""What marks a text, and how many of its arguments are texts: the second is the plural."""

SHOWN_NAMES = {
    *("verbose_name", "verbose_name_plural", "help_text", "help", "description", "title"),
    *("short_description", "search_help_text", "epilog"),
}
"""What is assigned to these, or handed over by them, is read by people."""

SHOWN_CALLS = {"write", "CommandError", "message_user"}
"""What these are given is, too."""

WORDS = re.compile(r"[^\W\d_]{2}")
QUOTED = r"""\s*u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
CALLED = re.compile(rf"(?:\b_|\bgettext)\({QUOTED}|\bngettext\({QUOTED}\s*,{QUOTED}")
"""What Django makes of the marks in a template: one text, or two."""


def files(app, *patterns):
    """The sources of an app without its tests and migrations, by their path inside of it."""
    root = ROOT / app
    found = sorted(path for pattern in patterns for path in root.glob(pattern))
    paths = ((path, path.relative_to(root)) for path in found)
    return {str(at): path for path, at in paths if not {"tests", "migrations"} & set(at.parts)}


def marked(app):
    """Each text that is marked with its plural, or None, and the file that has it first."""
    texts = {}
    for name, path in files(app, "**/*.py").items():
        for text in _of_python(ast.parse(path.read_text())):
            texts.setdefault(text, name)
    for name, path in files(app, "templates/**/*.html").items():
        for quoted in CALLED.findall(templatize(path.read_text())):
            text, plural = (*(ast.literal_eval(text) for text in quoted if text), None)[:2]
            texts.setdefault((text, plural), name)
    return texts


def _of_python(tree):
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and (count := MARKS.get(_name(call.func))):
            values = [getattr(argument, "value", None) for argument in call.args[:count]]
            yield values[0], values[1] if count > 1 else None


def unmarked_in_python(source):
    """What people read in code without being able to read it in their language."""
    for node in ast.walk(ast.parse(source)):
        for shown in _shown(node):
            yield from _unmarked(shown)


def _shown(node):
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in SHOWN_NAMES:
            yield value
        case ast.Call(func=func, args=args, keywords=keywords):
            yield from (k.value for k in keywords if k.arg in SHOWN_NAMES)
            yield from args if _name(func) in SHOWN_CALLS else ()


def _unmarked(node):
    match node:
        case ast.Call(func=func) if _name(func) in MARKS:
            return
        case ast.Constant(value=str(text)) if WORDS.search(text):
            yield text
    for child in ast.iter_child_nodes(node):
        yield from _unmarked(child)


def _name(func):
    return getattr(func, "id", getattr(func, "attr", ""))
