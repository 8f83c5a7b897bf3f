"""What is told of causes, in a title and a body."""

import json
from collections.abc import Sequence

from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _

from ..records.causes import Cause, Kind
from ..templatetags.perfruns import limit

LONGEST_TITLE = 200
"""A notification takes no longer one."""

LEFT_TO_RIGHT, END = "\u2066", "\u2069"
"""Unicode's isolate of what stands between them."""

LONGEST_LINE, MOST_LINES = 250, 10
"""Of a body, where the site takes as much."""


def title(number: int, causes: Sequence[Cause], *, over: bool) -> str:
    """The first cause, and how many more there are."""
    first = sentence(causes[0])
    first = _("Over: {sentence}").format(sentence=first) if over else first
    more = f" (+{len(causes) - 1})" if len(causes) > 1 else ""
    words = _("Run {number}").format(number=number)
    return _shortened(f"{words}: {first}", LONGEST_TITLE - len(more)) + more


def body(causes: Sequence[Cause], most_bytes: int) -> str:
    """A line for each cause, and where it was measured; of fewer causes, or nothing, where that
    would be longer than so many bytes of JSON."""
    bodies = (_lines(causes, most) for most in range(MOST_LINES, 0, -1))
    return next((each for each in bodies if json_bytes(each) <= most_bytes), "")


def json_bytes(text: str) -> int:
    """How long a text is as a notification is measured: one sign may take six."""
    return len(json.dumps(text, ensure_ascii=False).encode())


def _lines(causes: Sequence[Cause], most: int) -> str:
    lines = [_shortened(sentence(cause), LONGEST_LINE) for cause in causes[:most]]
    if more := causes[most:]:
        lines.append(f"(+{len(more)})")
    return "\n".join([*lines, _shortened(causes[0].key.place, LONGEST_LINE)])


def sentence(cause: Cause) -> str:
    """One cause as it was when it was found."""
    test = "" if cause.against else cause.row or cause.key.test.rpartition(".")[2]
    target = cause.metric.required if cause.metric else None
    said = {
        "what": f"{test} {cause.key.name}".strip(),
        "test": cause.key.test,
        "value": cause.metric.text if cause.metric else "",
        "before": cause.before.text if cause.before else "",
        "required": limit(target, cause.metric.unit) if cause.metric and target else "",
        "since": str(cause.key.since),
        "version": cause.against,
    }
    return _pattern(cause).format(**{name: _isolated(text) for name, text in said.items()})


def _pattern(cause: Cause) -> str:
    if cause.metric is None:
        return _("{what} failed: {test}")
    match cause.key.kind:
        case Kind.MISSED:
            return _("{what} misses its required target: {value}, required {required}")
        case Kind.STEP:
            return _("{what} is worse since run {since}: {value}, before {before}")
        case Kind.REGRESSION if cause.against:
            return _("{what} is worse than in {version}: {value}")
        case _:
            return _("{what} is worse: {value}, before {before}")


def _isolated(text: str) -> str:
    """Numbers, units and names in the order they have, in sentences from right to left, too."""
    return f"{LEFT_TO_RIGHT}{text}{END}" if get_language_bidi() else text


def _shortened(text: str, length: int) -> str:
    # By code points, as columns count: Django's own does not count combining marks.
    return text if len(text) <= length else f"{text[: length - 1]}…"
