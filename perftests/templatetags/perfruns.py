"""How the admin's pages write measured values, verdicts and facts about the environment."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from perftests.measure.units import MISSING, format_value
from perftests.models import WORDS
from perftests.records.targets import Target

register = template.Library()


@register.simple_tag
def badge(word: str) -> SafeString:
    """A verdict or a state as a coloured word."""
    return format_html('<span class="perf-badge perf-{}">{}</span>', word, WORDS[word])


@register.simple_tag
def spark_line(points: str, label: str) -> SafeString:
    """The line of a metric over some runs, as small as a word; the label says which it is."""
    return format_html(
        '<svg class="perf-spark" width="100" height="20" viewBox="0 0 100 20" role="img" '
        'aria-label="{label}"><title>{label}</title><polyline points="{points}"/></svg>',
        points=points,
        label=label,
    )


@register.filter
def seconds(value: float) -> str:
    return format_value(value, "s")


@register.filter
def limit(target: Target, unit: str) -> str:
    """A target in the unit of its metric, such as "< 100 ms"."""
    return f"{target.operator} {format_value(target.limit, unit)}"


@register.filter
def columns(names: str) -> list[str]:
    """The names of columns in a template, with "|" between them."""
    return names.split("|")


@register.filter
def facts(mapping: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values of plain data as two columns of text."""
    return [(name.replace("_", " "), _text(value)) for name, value in mapping.items()]


def _text(value: Any) -> str:
    match value:
        case None:
            return MISSING
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return format_value(value, "")
        case dict():
            return ", ".join(f"{name} {text}" for name, text in facts(value))
        case list():
            return ", ".join(_text(item) for item in value) or MISSING
        case _:
            return str(value)
