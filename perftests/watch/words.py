"""What is told of causes, in a title and a body."""

from collections.abc import Sequence

from django.utils.text import Truncator
from django.utils.translation import gettext as _

from ..records.causes import Cause, Kind
from ..templatetags.perfruns import limit

LONGEST_TITLE = 200
"""A notification takes no longer one."""

LONGEST_LINE, MOST_LINES = 250, 10
"""So that the body is far from what a notification may hold, in any alphabet."""


def title(number: int, causes: Sequence[Cause], *, over: bool) -> str:
    """The first cause, and how many more there are."""
    first = sentence(causes[0])
    first = _("Over: {sentence}").format(sentence=first) if over else first
    more = f" (+{len(causes) - 1})" if len(causes) > 1 else ""
    words = _("Run {number}").format(number=number)
    return _shortened(f"{words}: {first}", LONGEST_TITLE - len(more)) + more


def body(causes: Sequence[Cause]) -> str:
    """A line for each cause, and where it was measured."""
    lines = [_shortened(sentence(cause), LONGEST_LINE) for cause in causes[:MOST_LINES]]
    if more := causes[MOST_LINES:]:
        lines.append(f"(+{len(more)})")
    return "\n".join([*lines, _shortened(causes[0].key.place, LONGEST_LINE)])


def sentence(cause: Cause) -> str:
    """One cause as it was when it was found."""
    test = "" if cause.against else cause.row or cause.key.test.rpartition(".")[2]
    what = f"{test} {cause.key.name}".strip()
    said = {
        "what": what,
        "value": cause.metric.text if cause.metric else "",
        "before": cause.before.text if cause.before else "",
    }
    if cause.metric is None:
        return _("{what} failed: {test}").format(what=what, test=cause.key.test)
    match cause.key.kind:
        case Kind.MISSED:
            target = cause.metric.required
            required = limit(target, cause.metric.unit) if target else ""
            text = _("{what} misses its required target: {value}, required {required}")
            return text.format(**said, required=required)
        case Kind.STEP:
            text = _("{what} is worse since run {since}: {value}, before {before}")
            return text.format(**said, since=cause.key.since)
        case Kind.REGRESSION if cause.against:
            text = _("{what} is worse than in {version}: {value}")
            return text.format(**said, version=cause.against)
        case _:
            return _("{what} is worse: {value}, before {before}").format(**said)


def _shortened(text: str, length: int) -> str:
    return Truncator(text).chars(length)
